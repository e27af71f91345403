"""identity.py against a server that answers as Entra ID and Key Vault do."""

from __future__ import annotations

import base64
import json
import tempfile
import unittest
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import parse_qs

from support import Outcome, Reply, StandIn, run_job

CLIENT, TENANT = "11111111-2222-3333-4444-555555555555", "99999999-8888-7777-6666-555555555555"
SECRET = "datasurface--demo--Demo--sqlserver-demo-merge--credentials"
VALUE = {"USER": "sqladmin-in-vault", "PASSWORD": 'pass"word<in>vault'}
SUBJECT = "system:serviceaccount:demo:airflow-dag-processor"


def _part(claims: Mapping[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")


ASSERTION = ".".join(
    [
        _part({"alg": "RS256"}),
        _part({"iss": "https://oidc.example/abc/", "sub": SUBJECT, "aud": ["api://AzureADTokenExchange"]}),
        "c2lnbmF0dXJl",
    ]
)
ACCESS = "access-token-of-the-stand-in"


def entra_error(code: int, text: str, status: int = 401, error: str = "invalid_client") -> Reply:
    return Reply(
        status,
        {
            "error": error,
            "error_description": f"AADSTS{code}: {text}\r\nTrace ID: 0",
            "error_codes": [code],
            "timestamp": "2026-01-01 00:00:00Z",
        },
    )


def vault_error(status: int, code: str, text: str, inner: str = "") -> Reply:
    return Reply(
        status, {"error": {"code": code, "message": text, **({"innererror": {"code": inner}} if inner else {})}}
    )


GOOD_TOKEN = Reply(200, {"token_type": "Bearer", "expires_in": 86399, "access_token": ACCESS})
GOOD_SECRET = Reply(
    200, {"value": json.dumps(VALUE), "id": "https://kv.vault.azure.net/secrets/x/1", "attributes": {"enabled": True}}
)
NO_ROLE = vault_error(
    403,
    "Forbidden",
    "Caller is not authorized to perform action on resource. Action: 'Microsoft.KeyVault/vaults/secrets/getSecret/action'",
    "ForbiddenByRbac",
)

Script = Callable[[int], "Reply | None"]


class Identity(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.token_file = Path(folder.name) / "token"
        self.token_file.write_text(ASSERTION)

    def run_with(
        self,
        entra: Script = lambda _: GOOD_TOKEN,
        vault: Script = lambda _: GOOD_SECRET,
        without: tuple[str, ...] = (),
        **changes: str,
    ) -> Outcome:
        calls = {"entra": 0, "vault": 0}

        def answer(method: str, path: str, body: str, headers: Mapping[str, str]) -> Reply | None:
            if method == "POST" and path == f"/{TENANT}/oauth2/v2.0/token":
                form = {name: values[0] for name, values in parse_qs(body).items()}
                # What Entra ID wants; anything else is the request's fault.
                wanted = {
                    "client_id": CLIENT,
                    "scope": "https://vault.azure.net/.default",
                    "grant_type": "client_credentials",
                    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                    "client_assertion": ASSERTION,
                }
                if form != wanted:
                    return entra_error(900144, f"The request body is wrong: {sorted(form)}", 400, "invalid_request")
                calls["entra"] += 1
                return entra(calls["entra"])
            if method == "GET" and path == f"/secrets/{SECRET}?api-version=7.4":
                if headers.get("Authorization") != f"Bearer {ACCESS}":
                    return Reply(
                        401,
                        {
                            "error": {
                                "code": "Unauthorized",
                                "message": "AKV10000: Request is missing a Bearer or PoP token.",
                            }
                        },
                    )
                calls["vault"] += 1
                return vault(calls["vault"])
            return vault_error(404, "SecretNotFound", f"nothing at {path}")

        server = StandIn(answer)
        self.addCleanup(server.close)
        environment = {
            "AZURE_CLIENT_ID": CLIENT,
            "AZURE_TENANT_ID": TENANT,
            "AZURE_FEDERATED_TOKEN_FILE": str(self.token_file),
            "AZURE_AUTHORITY_HOST": server.url + "/",
            "KEY_VAULT_URL": server.url + "/",
            "SECRET_NAME": SECRET,
            "REQUIRED_KEYS": '["USER", "PASSWORD"]',
            "RETRY_SECONDS": "1",
            "RETRY_DELAY": "0.1",
            "SPREAD_SECONDS": "1",
            **changes,
        }
        for name in without:
            del environment[name]
        outcome = run_job("identity.py", environment)
        self.calls = calls
        for secret in (ASSERTION, ACCESS, *VALUE.values(), json.dumps(VALUE["PASSWORD"])[1:-1]):
            self.assertNotIn(secret, outcome.output)
        return outcome

    def check(self, outcome: Outcome, code: int, *texts: str) -> None:
        self.assertEqual(outcome.code, code, outcome.output)
        for text in texts:
            self.assertIn(text, outcome.output)

    def test_reads_the_secret(self) -> None:
        outcome = self.run_with()
        self.check(outcome, 0, f"subject {SUBJECT}")
        self.assertEqual(outcome.result["keys"], ["PASSWORD", "USER"])

    def test_webhook_did_not_change_the_pod(self) -> None:
        outcome = self.run_with(
            without=("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE", "AZURE_AUTHORITY_HOST")
        )
        self.check(outcome, 1, "webhook has not changed this pod", "azure.workload.identity/use")

    def test_service_account_without_annotation(self) -> None:
        self.check(
            self.run_with(without=("AZURE_CLIENT_ID",)), 2, "lacks the annotation azure.workload.identity/client-id"
        )

    def test_token_file_absent_or_empty(self) -> None:
        self.check(self.run_with(AZURE_FEDERATED_TOKEN_FILE="/nowhere/token"), 1, "cannot be read")
        self.token_file.write_text("\n")
        self.check(self.run_with(), 1, "is empty")

    def test_federated_credential_does_not_match(self) -> None:
        for code in (70021, 700213, 700211, 700212):
            outcome = self.run_with(
                entra=lambda _, code=code: entra_error(code, "No matching federated identity record found")
            )  # type: ignore[misc]
            self.check(
                outcome,
                3,
                "no federated credential",
                f"subject {SUBJECT}",
                "https://oidc.example/abc/",
                f"AADSTS{code}",
                "may still be spreading",
            )

    def test_federated_credential_spreads(self) -> None:
        outcome = self.run_with(
            entra=lambda call: GOOD_TOKEN if call > 2 else entra_error(700213, "No matching"), SPREAD_SECONDS="30"
        )
        self.check(outcome, 0, "may still be spreading")

    def test_unknown_identity_or_tenant(self) -> None:
        self.check(
            self.run_with(entra=lambda _: entra_error(700016, "Application not found", 400, "unauthorized_client")),
            2,
            "does not know the identity",
        )
        self.check(
            self.run_with(entra=lambda _: entra_error(90002, "Tenant not found", 400, "invalid_request")),
            2,
            "does not know the tenant",
        )
        self.assertEqual(self.calls["entra"], 1)

    def test_expired_assertion_is_read_anew(self) -> None:
        self.check(
            self.run_with(
                entra=lambda call: (
                    GOOD_TOKEN
                    if call > 1
                    else entra_error(700024, "Client assertion is not within its valid time range")
                ),
                RETRY_SECONDS="30",
            ),
            0,
            "outside of its time",
        )

    def test_other_refusal_of_entra(self) -> None:
        self.check(
            self.run_with(entra=lambda _: entra_error(53003, "Access has been blocked by Conditional Access policies")),
            3,
            "AADSTS53003",
        )
        self.assertEqual(self.calls["entra"], 1)

    def test_role_missing(self) -> None:
        outcome = self.run_with(vault=lambda _: NO_ROLE)
        self.check(outcome, 3, "Key Vault Secrets User", "may still be spreading", "ForbiddenByRbac")
        self.assertGreater(self.calls["vault"], 1)

    def test_role_spreads(self) -> None:
        self.check(
            self.run_with(vault=lambda call: GOOD_SECRET if call > 3 else NO_ROLE, SPREAD_SECONDS="30"),
            0,
            "may still be spreading",
        )

    def test_network_rules_and_access_policies(self) -> None:
        for inner in ("ForbiddenByFirewall", "ForbiddenByConnection"):
            self.check(
                self.run_with(
                    vault=lambda _, inner=inner: vault_error(
                        403, "Forbidden", "Client address is not authorized", inner
                    )
                ),
                3,
                "does not admit this network",
            )  # type: ignore[misc]
        self.check(
            self.run_with(vault=lambda _: vault_error(403, "Forbidden", "no policy", "ForbiddenByPolicy")),
            3,
            "RBAC mode",
        )
        self.check(
            self.run_with(vault=lambda _: vault_error(403, "Forbidden", "disabled", "SecretDisabled")), 3, "is disabled"
        )
        self.assertEqual(self.calls["vault"], 1)

    def test_secret_missing(self) -> None:
        outcome = self.run_with(
            vault=lambda _: vault_error(
                404, "SecretNotFound", f"A secret with (name/id) {SECRET} was not found in this key vault."
            )
        )
        self.check(outcome, 2, f"has no secret {SECRET}")
        self.assertEqual(self.calls["vault"], 1)

    def test_token_of_another_tenant(self) -> None:
        self.check(
            self.run_with(vault=lambda _: vault_error(401, "Unauthorized", "AKV10032: Invalid issuer.")),
            3,
            "another tenant",
        )

    def test_keys(self) -> None:
        def value(text: str) -> Script:
            return lambda _: Reply(200, {"value": text})

        outcome = self.run_with(
            vault=value('{"USER": "someone", "password": "hidden-in-here", "PASSWORD": ""}'),
            REQUIRED_KEYS='["USER", "PASSWORD", "HOST"]',
        )
        self.check(outcome, 2, "lacks HOST and has no text in PASSWORD; its keys are: PASSWORD, USER, password")
        self.assertNotIn("hidden-in-here", outcome.output)
        outcome = self.run_with(vault=value("hidden-in-here;" * 4))
        self.check(outcome, 2, "is not JSON")
        self.assertNotIn("hidden-in-here", outcome.output)
        outcome = self.run_with(vault=value('["hidden-in-here"]'))
        self.check(outcome, 2, "is JSON, but no object")
        self.assertNotIn("hidden-in-here", outcome.output)
        self.check(self.run_with(vault=value("just a text"), REQUIRED_KEYS="[]"), 0)

    def test_values_are_masked_wherever_they_are_said(self) -> None:
        said = f"as {ASSERTION} said"
        self.check(self.run_with(entra=lambda _: entra_error(50000, said)), 3, "as *** said")
        self.check(
            self.run_with(vault=lambda _: vault_error(403, "ForbiddenByPolicy", f"as {ACCESS} said")), 3, "as *** said"
        )
        # Names that are values, too.
        self.check(self.run_with(vault=lambda _: Reply(200, {"value": SECRET}), REQUIRED_KEYS="[]"), 0, "read *** from")
        held = {**VALUE, VALUE["USER"]: ""}
        self.check(
            self.run_with(vault=lambda _: Reply(200, {"value": json.dumps(held)}), REQUIRED_KEYS='["HOST"]'),
            2,
            "its keys are: PASSWORD, USER, ***",
        )

    def test_dns(self) -> None:
        self.check(
            self.run_with(AZURE_AUTHORITY_HOST="https://login.no-such-host.invalid/"),
            1,
            "cannot be resolved",
            "not the identity",
        )
        self.check(
            self.run_with(KEY_VAULT_URL="https://kv-demo.no-such-host.invalid/"),
            1,
            "cannot be resolved",
            "is there a vault kv-demo?",
        )

    def test_unreachable_and_busy(self) -> None:
        self.check(self.run_with(KEY_VAULT_URL="http://127.0.0.1:1/"), 1, "nothing listens there")
        self.check(
            self.run_with(
                entra=lambda call: GOOD_TOKEN if call > 1 else Reply(503, "busy"),
                vault=lambda call: GOOD_SECRET if call > 1 else Reply(429, "", (("Retry-After", "1"),)),
                RETRY_SECONDS="20",
            ),
            0,
            "is busy (HTTP 503)",
            "is busy (HTTP 429)",
        )
        self.check(
            self.run_with(vault=lambda call: GOOD_SECRET if call > 1 else None, RETRY_SECONDS="20"), 0, "Key Vault: "
        )
        self.check(
            self.run_with(vault=lambda _: Reply(429, "", (("Retry-After", "100"),)), TIMEOUT_SECONDS="60"),
            3,
            "It asks not to be called before",
        )

    def test_something_else_answers(self) -> None:
        self.check(self.run_with(entra=lambda _: Reply(200, "<html>sign in</html>")), 1, "answers without a token")
        self.check(self.run_with(entra=lambda _: Reply(407, "<html>proxy</html>")), 1, "does not answer like Entra ID")
        self.check(self.run_with(vault=lambda _: Reply(200, "[]")), 1, "does not answer like a Key Vault")
        self.check(
            self.run_with(entra=lambda _: Reply(302, "", (("Location", "http://127.0.0.1:1/"),))),
            1,
            "does not answer like Entra ID",
        )

    def test_wrong_settings(self) -> None:
        outcome = self.run_with(KEY_VAULT_URL="http://kv.vault.azure.net", SECRET_NAME="a/b", REQUIRED_KEYS="USER")
        self.check(outcome, 2, "KEY_VAULT_URL is", "SECRET_NAME is 'a/b'", "REQUIRED_KEYS is")
        self.check(self.run_with(AZURE_AUTHORITY_HOST="http://login.example.com"), 2, "AZURE_AUTHORITY_HOST")
        self.check(self.run_with(REQUIRED_KEYS="[1]"), 2, "list of texts")
