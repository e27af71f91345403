"""Proves that a pod with Workload Identity reads Key Vault: exchanges the federated token for one of Entra ID and reads one secret.

The DAGs of the release lines that read Key Vault do the same at parse time, and turn every failure into "missing required keys". This one tells apart
the webhook that did not change the pod, the federated credential, the role, the vault's network rules, the secret, and DNS. It shows no value of the secret.
"""

from __future__ import annotations

import base64
import json
import os
import re
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit

from http_exchange import Answer, NameUnknown, exchange, opener, place_of
from outcome import (
    Failure,
    Refused,
    Result,
    Retryable,
    Variable,
    WrongSetting,
    progress,
    read_settings,
    register_secret,
    run,
)
from patience import Patience, Unreachable

_HTTPS = r"https://[^\s/@?#]+(/[^\s?#]*)?|http://(127\.0\.0\.1|localhost)(:[0-9]+)?(/[^\s?#]*)?"
_SECONDS = r"[0-9]+(\.[0-9]+)?"

# What the Workload Identity webhook puts into the pod.
_INJECTED = ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE", "AZURE_AUTHORITY_HOST")

VARIABLES = (
    Variable("KEY_VAULT_URL", "address of the vault", pattern=_HTTPS, allowed="https://NAME.vault.azure.net/"),
    Variable(
        "SECRET_NAME",
        "name of the secret to read",
        pattern=r"[0-9A-Za-z-]{1,127}",
        allowed="1 to 127 letters, digits and hyphens",
    ),
    Variable(
        "REQUIRED_KEYS",
        'JSON list of keys that the secret, a JSON object, must have with a value, e.g. ["USER", "PASSWORD"]',
        default="[]",
        pattern=r"\[.*\]",
        allowed="a JSON list",
    ),
    Variable("VAULT_SCOPE", "scope of the token", default="https://vault.azure.net/.default", pattern=r"https://\S+"),
    Variable(
        "RETRY_SECONDS",
        "how long Entra ID and the vault are asked again while they cannot be reached",
        default="300",
        pattern=_SECONDS,
    ),
    Variable("RETRY_DELAY", "seconds before the first repetition; doubles up to 30", default="2", pattern=_SECONDS),
    Variable("TIMEOUT_SECONDS", "bound for everything together", default="1200", pattern=_SECONDS),
    Variable(
        "SPREAD_SECONDS",
        "how long a refusal is asked again that a new role or federated credential, still spreading, would explain",
        default="900",
        pattern=_SECONDS,
    ),
)

_WEBHOOK_HELP = """\
AZURE_CLIENT_ID, AZURE_TENANT_ID, AZURE_FEDERATED_TOKEN_FILE, AZURE_AUTHORITY_HOST: put into the pod by the Workload Identity webhook."""

# Entra's codes: https://learn.microsoft.com/entra/identity-platform/reference-error-codes
_NO_MATCH = {70021, 700211, 700212, 700213}
_NO_APPLICATION = {700016, 7000112, 700001}
_NO_TENANT = {90002, 900023, 900021}
_ASSERTION_TIME = {700024, 7000241, 500133}
_BUSY = {90033, 50196, 90055}

_API_VERSION = "7.4"


class Spreading(Failure):
    """A refusal that may still turn into a yes. `final` is what it becomes when it stays."""

    def __init__(self, final: Failure) -> None:
        super().__init__(str(final))
        self.final = final


@dataclass(frozen=True)
class Identity:
    client_id: str
    tenant_id: str
    token_file: str
    authority: str


def _identity(environment: Mapping[str, str]) -> Identity:
    values = {name: environment.get(name, "").strip() for name in _INJECTED}
    absent = [name for name in _INJECTED if not values[name]]
    if absent == list(_INJECTED) or "AZURE_FEDERATED_TOKEN_FILE" in absent:
        # A new pod passes the webhook again, so it is worth another try.
        raise Retryable(
            f'the Workload Identity webhook has not changed this pod ({", ".join(absent)} absent). One of: the pod\'s label azure.workload.identity/use: "true" is missing '
            "(labels of the service account do not count); the webhook's pods in kube-system (azure-wi-webhook) were not running when the pod was made; "
            "workload identity is off on the cluster"
        )
    if absent == ["AZURE_CLIENT_ID"]:
        raise WrongSetting(
            "the webhook has changed this pod, but AZURE_CLIENT_ID is absent: the service account lacks the annotation azure.workload.identity/client-id"
        )
    if absent:
        raise Retryable(
            f"the Workload Identity webhook has changed this pod in part only ({', '.join(absent)} absent): is another tool setting these variables?"
        )
    if not re.fullmatch(_HTTPS, values["AZURE_AUTHORITY_HOST"]):
        raise WrongSetting(f"AZURE_AUTHORITY_HOST is {values['AZURE_AUTHORITY_HOST']!r}: wanted is an https address")
    return Identity(
        values["AZURE_CLIENT_ID"],
        values["AZURE_TENANT_ID"],
        values["AZURE_FEDERATED_TOKEN_FILE"],
        values["AZURE_AUTHORITY_HOST"].rstrip("/"),
    )


def _assertion(path: str) -> str:
    try:
        with open(path, encoding="ascii") as file:
            token = file.read().strip()
    except (OSError, UnicodeError) as error:
        raise Retryable(
            f"the service account token {path} cannot be read ({getattr(error, 'strerror', None) or error}): the webhook's volume is not mounted"
        ) from error
    if not token:
        raise Retryable(f"the service account token {path} is empty: the kubelet has not written it")
    register_secret(token)
    return token


def _claims(token: str) -> dict[str, object]:
    """Issuer, subject and audience of the token, for messages; they open nothing."""
    parts = token.split(".")
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (IndexError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _entra_refusal(answer: Answer, identity: Identity, token: str) -> Exception:
    place = place_of(identity.authority)
    if answer.status == 429 or answer.status >= 500:
        return Unreachable(f"{place} is busy (HTTP {answer.status})", after=answer.seconds_to_wait())
    body = answer.json()
    if not isinstance(body, dict) or "error" not in body:
        return Unreachable(
            f"{place} does not answer like Entra ID (HTTP {answer.status}: {answer.text(120)}): does something stand between?"
        )
    description = str(body.get("error_description", ""))
    codes = {int(code) for code in body.get("error_codes", []) if str(code).isdigit()} or {
        int(code) for code in re.findall(r"AADSTS(\d+)", description)
    }
    said = f"{body['error']}: {' '.join(description.split())[:300]}"
    claims = _claims(token)
    if codes & _NO_MATCH:
        return Spreading(
            Refused(
                f"no federated credential of the identity {identity.client_id} matches this service account. The token has issuer {claims.get('iss', '?')}, subject {claims.get('sub', '?')}, audience {claims.get('aud', '?')}: "
                f"the credential must have exactly these (another namespace or service account, or a cluster that was made anew and has another issuer?). Entra ID says: {said}"
            )
        )
    if codes & _NO_APPLICATION:
        return Spreading(
            WrongSetting(
                f"Entra ID does not know the identity {identity.client_id} in the tenant {identity.tenant_id}: does the annotation azure.workload.identity/client-id hold the managed identity's client id? Entra ID says: {said}"
            )
        )
    if codes & _NO_TENANT:
        return WrongSetting(f"Entra ID does not know the tenant {identity.tenant_id}. It says: {said}")
    if codes & _ASSERTION_TIME:
        return Unreachable(
            f"the service account token is outside of its time: is the node's clock right? Entra ID says: {said}"
        )
    if codes & _BUSY:
        return Unreachable(f"{place} is busy: {said}")
    return Refused(f"Entra ID gives no token to the identity {identity.client_id}: {said}")


def _vault_refusal(answer: Answer, vault: str, secret: str, client_id: str) -> Exception:
    if answer.status == 429 or answer.status >= 500:
        return Unreachable(f"{vault} is busy (HTTP {answer.status})", after=answer.seconds_to_wait())
    body = answer.json()
    error = body.get("error") if isinstance(body, dict) else None
    details: Mapping[str, object] = error if isinstance(error, dict) else {}
    inner = details.get("innererror")
    reason = str(inner.get("code", "")) if isinstance(inner, dict) else ""
    code = reason or str(details.get("code", ""))
    said = f"HTTP {answer.status} {code}: {' '.join(str(details.get('message', '')).split())[:300]}"
    if answer.status == 401:
        return Refused(f"{vault} does not accept the token: does it belong to another tenant? It says: {said}")
    if answer.status == 403 and code in ("ForbiddenByFirewall", "ForbiddenByConnection"):
        return Spreading(
            Refused(
                f"{vault} does not admit this network: its firewall lacks the cluster's outbound address, or public access is off and its private endpoint's DNS is not used. It says: {said}"
            )
        )
    if answer.status == 403 and code == "ForbiddenByPolicy":
        return Refused(
            f"{vault} is in access policy mode, where roles do not count: it must be in RBAC mode. It says: {said}"
        )
    if answer.status == 403 and code == "SecretDisabled":
        return Refused(f"the secret {secret} in {vault} is disabled, or outside of its time. It says: {said}")
    if answer.status == 403:
        return Spreading(
            Refused(
                f'the identity {client_id} may not read secrets in {vault}: it lacks the role "Key Vault Secrets User" on the vault (a new assignment needs up to 10 minutes to spread). It says: {said}'
            )
        )
    if answer.status == 404 and code in ("SecretNotFound", ""):
        return WrongSetting(
            f"{vault} has no secret {secret}: its name holds the namespace, the ecosystem and the credential; was it deleted (soft-deleted secrets do not count), or does InfraStack use another namespace? It says: {said}"
        )
    return Refused(f"{vault} does not give the secret {secret}. It says: {said}")


class _Reader:
    def __init__(self, settings: Mapping[str, str], identity: Identity) -> None:
        self._patience = Patience.of(dict(settings))
        self._spread_seconds = float(settings["SPREAD_SECONDS"])
        self._identity = identity
        self._vault = settings["KEY_VAULT_URL"].rstrip("/")
        self._scope = settings["VAULT_SCOPE"]
        # Azure is outside of the cluster: its proxies count.
        self._director: urllib.request.OpenerDirector = opener(use_proxies=True)

    def _until_spread(self, what: str, call: Callable[[], str]) -> str:
        """Repeats while the other side cannot be reached (a short time), and while its refusal may be a matter of spreading (a long one)."""
        start = time.monotonic()
        delay = max(self._patience.first_delay, 0.1)
        while True:
            try:
                return self._patience.until_reached(what, call)
            except Spreading as refusal:
                waited = time.monotonic() - start
                if waited + delay > self._spread_seconds or delay > self._patience.left:
                    raise type(refusal.final)(f"{refusal.final} (the same for {round(waited)} s)") from None
                progress(f"{what}: {refusal}; it may still be spreading, next try in {delay:.0f} s")
                time.sleep(delay)
                delay = min(delay * 2, 30.0)

    def token(self) -> str:
        identity = self._identity
        url = f"{identity.authority}/{quote(identity.tenant_id)}/oauth2/v2.0/token"

        def call() -> str:
            # Read anew each time: the kubelet renews it.
            assertion = _assertion(identity.token_file)
            form = {
                "client_id": identity.client_id,
                "scope": self._scope,
                "grant_type": "client_credentials",
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                "client_assertion": assertion,
            }
            try:
                answer = exchange(
                    self._director,
                    "POST",
                    url,
                    {"Content-Type": "application/x-www-form-urlencoded"},
                    urlencode(form).encode(),
                )
            except NameUnknown as error:
                raise NameUnknown(
                    f"{error}: the cluster's DNS, or a network policy that cuts port 53, not the identity"
                ) from None
            if answer.status != 200:
                raise _entra_refusal(answer, identity, assertion)
            body = answer.json()
            token = body.get("access_token") if isinstance(body, dict) else None
            if not isinstance(token, str) or not token:
                raise Unreachable(f"{place_of(url)} answers without a token: does something stand between?")
            register_secret(token)
            return token

        return self._until_spread("Entra ID", call)

    def secret(self, name: str, token: str) -> str:
        url = f"{self._vault}/secrets/{quote(name)}?api-version={_API_VERSION}"

        def call() -> str:
            try:
                answer = exchange(
                    self._director, "GET", url, {"Authorization": f"Bearer {token}", "Accept": "application/json"}
                )
            except NameUnknown as error:
                host = urlsplit(self._vault).hostname
                raise NameUnknown(
                    f"{error}: is there a vault {str(host).split('.')[0]}? Otherwise the cluster's DNS, or a private DNS zone without its record"
                ) from None
            if answer.status != 200:
                raise _vault_refusal(answer, self._vault, name, self._identity.client_id)
            body = answer.json()
            value = body.get("value") if isinstance(body, dict) else None
            if not isinstance(value, str):
                raise Unreachable(f"{self._vault} does not answer like a Key Vault: does something stand between?")
            register_secret(value)
            return value

        return self._until_spread("Key Vault", call)


def _check_keys(value: str, required: list[str], name: str) -> list[str]:
    """Names of the keys that are there. Values stay out of every message, a malformed text included."""
    try:
        content = json.loads(value)
    except ValueError:
        raise WrongSetting(
            f"the secret {name} is not JSON: it must be an object with the keys {', '.join(required)}"
        ) from None
    if not isinstance(content, dict):
        raise WrongSetting(f"the secret {name} is JSON, but no object: it must have the keys {', '.join(required)}")
    for held in content.values():
        if isinstance(held, str):
            register_secret(held)
    missing = [key for key in required if key not in content]
    empty = [
        key for key in required if key in content and (not isinstance(content[key], str) or not content[key].strip())
    ]
    if missing or empty:
        faults = ([f"lacks {', '.join(missing)}"] if missing else []) + (
            [f"has no text in {', '.join(empty)}"] if empty else []
        )
        raise WrongSetting(
            f"the secret {name} {' and '.join(faults)}; its keys are: {', '.join(sorted(content)) or 'none'}"
        )
    return sorted(content)


def main() -> Result:
    settings = read_settings(VARIABLES)
    try:
        required = json.loads(settings["REQUIRED_KEYS"])
    except ValueError as error:
        raise WrongSetting(f"REQUIRED_KEYS is not JSON: {error}") from error
    if not all(isinstance(key, str) for key in required):
        raise WrongSetting("REQUIRED_KEYS must be a JSON list of texts")
    identity = _identity(os.environ)
    progress(f"identity {identity.client_id} in tenant {identity.tenant_id}")
    reader = _Reader(settings, identity)
    claims = _claims(_assertion(identity.token_file))
    progress(f"service account token: subject {claims.get('sub', '?')}, audience {claims.get('aud', '?')}")
    token = reader.token()
    progress("Entra ID gave a token for the vault")
    name = settings["SECRET_NAME"]
    value = reader.secret(name, token)
    keys = _check_keys(value, required, name) if required else []
    progress(f"read {name} from {settings['KEY_VAULT_URL']}" + (f"; keys {', '.join(keys)}" if keys else ""))
    return {"client_id": identity.client_id, "subject": claims.get("sub"), "secret": name, "keys": keys}


if __name__ == "__main__":
    sys.exit(run("identity", main, f"{__doc__}\n{_WEBHOOK_HELP}", VARIABLES))
