"""What GitHub's refusals mean, by its own sentences: git's `remote:` lines and the API's messages have the same ones.

Source of the sentences: GitHub's documentation of organizations' policies and rulesets, and its answers in public issues."""

from __future__ import annotations

import re

WRITE_TOKEN = "TF_VAR_github_token"


def new_token(variable: str) -> str:
    """What to do with a new token that comes from this Terraform variable."""
    return f"set {variable} to it, raise revisions.tokens in the environment's file (the plan then asks for every token), and deploy again"


_NEW_TOKEN = "{new token}"

# The first that matches counts: narrower ones stand before wider ones.
_DIAGNOSES: tuple[tuple[str, str], ...] = (
    (
        r"saml|single sign-on|\bsso\b",
        "the organization wants single sign-on: authorize the token for it (GitHub, Settings, Developer settings, the token, Configure SSO)",
    ),
    (
        r"ip allow list|ip address .* is not permitted",
        "the organization has an IP allow list: let an owner add the address by which the cluster leaves (Azure, the public IP of the cluster's load balancer)",
    ),
    (
        r"forbids access via a personal access token \(classic\)|forbids access via .*classic",
        "the organization forbids classic tokens: make a fine-grained one, " + _NEW_TOKEN,
    ),
    (
        r"token'?s lifetime|lifetime is greater than",
        "the organization limits the lifetime of tokens: make one that ends sooner, " + _NEW_TOKEN,
    ),
    (
        r"forbids access via a fine-grained",
        "the organization forbids fine-grained tokens: let an owner allow them (organization, Settings, Personal access tokens), or use a classic token",
    ),
    (
        r"pending approval|waiting for approval",
        "an owner of the organization has to approve the token first (organization, Settings, Personal access tokens, Pending requests)",
    ),
    (
        r"account (was|is|has been) suspended|your account is suspended",
        "the account of the token is suspended: use a token of another account",
    ),
    (
        r"repository access blocked|access to this repository has been disabled|repository (has been )?disabled",
        "GitHub has blocked the repository (billing, terms of service): its owner can see why",
    ),
    (r"archived", "the repository is archived, which makes it read-only: unarchive it (GitHub, Settings, Danger zone)"),
    (
        r"gh007|private email address",
        "GitHub does not let the commits' e-mail address be published: set datasurface.commitAuthor.email to another one (the account's noreply address, from GitHub, Settings, Emails)",
    ),
    (
        r"author email|committer email|commit author|email.* must (match|contain|start|end)",
        "a ruleset holds for the commits' author: set datasurface.commitAuthor to one that it allows, or let the token's owner bypass it (repository, Settings, Rules)",
    ),
    (
        r"commit message must",
        "a ruleset holds for the commits' messages, which this job's do not keep: let the token's owner bypass it (repository, Settings, Rules)",
    ),
    (
        r"verified signatures|must be signed|signed commits",
        "a ruleset wants signed commits, which this job does not make: let the token's owner bypass it (repository, Settings, Rules)",
    ),
)


def diagnosis(said: str, variable: str) -> str | None:
    """What the sentence means and what to do, for a token of this Terraform variable; None when it is none of the known ones."""
    return next(
        (
            meaning.replace(_NEW_TOKEN, new_token(variable))
            for pattern, meaning in _DIAGNOSES
            if re.search(pattern, said, re.IGNORECASE)
        ),
        None,
    )
