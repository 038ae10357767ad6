"""The accounts of a nats-server's configuration, from the grants and the credentials of units.

A credential has an account of its own, which imports its doors and nothing else: whatever reply
subject a request names, the reply stays in that account. The import adds the user to the subject,
so the door knows which credential sends. The embedded server and a deployment share this text.
"""

import json
from collections.abc import Iterable, Mapping

from services.commands.nats.grants import (
    GRANTS,
    IMPORTS,
    SERVICES_ACCOUNT,
    SYSTEM_ACCOUNT,
    UNIT_SUBJECTS,
    Grant,
)
from services.intake.unit_credentials import UnitCredential, emit_subject


def accounts_text(passwords: Mapping[str, str], credentials: Iterable[UnitCredential] = ()) -> str:
    """The blocks `system_account` and `accounts`, with the users that have a password."""
    grants = {name: grant for name, grant in GRANTS.items() if name in passwords}
    accounts = [account for account in IMPORTS if _users(account, grants, passwords)]
    importers = "".join(_importer(account, grants, passwords) for account in accounts)
    units = "".join(map(_unit_account, credentials))
    return f"""system_account: {SYSTEM_ACCOUNT}
accounts {{
  {SYSTEM_ACCOUNT} {{
    users: [
{_users(SYSTEM_ACCOUNT, grants, passwords)}
    ]
  }}
  {SERVICES_ACCOUNT} {{
    jetstream: enabled
    users: [
{_users(SERVICES_ACCOUNT, grants, passwords)}
    ]
    exports: [
{_exports(accounts)}
    ]
  }}
{importers}{units}}}
"""


def _exports(accounts: Iterable[str]) -> str:
    """The services that other accounts import, each open to those accounts alone.

    The doors of credentials are open to all accounts, which only this text creates: so a new
    account leaves that of the services as it is.
    """
    lines = []
    for account in accounts:
        for each in IMPORTS[account]:
            kind = ", response_type: Stream" if each.replies else ""
            subject = json.dumps(each.subject)
            lines.append(f"      {{ service: {subject}, accounts: [{account}]{kind} }}")
    lines.append(f"      {{ service: {json.dumps(UNIT_SUBJECTS)} }}")
    return "\n".join(lines)


def _importer(account: str, grants: Mapping[str, Grant], passwords: Mapping[str, str]) -> str:
    subjects = (json.dumps(each.subject) for each in IMPORTS[account])
    imports = "\n".join(
        f"      {{ service: {{ account: {SERVICES_ACCOUNT}, subject: {subject} }} }}"
        for subject in subjects
    )
    return f"""  {account} {{
    users: [
{_users(account, grants, passwords)}
    ]
    imports: [
{imports}
    ]
  }}
"""


def _users(account: str, grants: Mapping[str, Grant], passwords: Mapping[str, str]) -> str:
    users = (
        _user(name, grant, passwords[name])
        for name, grant in grants.items()
        if grant.account == account
    )
    return "\n".join(users)


def _user(name: str, grant: Grant, password: str) -> str:
    subscriptions = json.dumps(grant.subscriptions(name))
    replies = '\n        allow_responses: { max: 1, expires: "1m" }' if grant.replies else ""
    denied = f", deny: {json.dumps(grant.deny)}" if grant.deny else ""
    return f"""      {{ user: {name}, password: {json.dumps(password)}, permissions: {{
        publish: {{ allow: {json.dumps(grant.publish)}{denied} }}
        subscribe: {{ allow: {subscriptions} }}{replies}
      }} }}"""


def _unit_account(credential: UnitCredential) -> str:
    """The account of a credential: it publishes to its doors, and hears its inboxes."""
    doors = [emit_subject(unit) for unit in credential.units]
    imports = "\n".join(
        f"      {{ service: {{ account: {SERVICES_ACCOUNT}, subject: "
        f"{json.dumps(f'{door}.{credential.user}')} }}, to: {json.dumps(door)} }}"
        for door in doors
    )
    return f"""  {json.dumps(f"UNIT_{credential.user}")} {{
    users: [
      {{ user: {json.dumps(credential.user)}, password: {json.dumps(credential.password_hash)},
        permissions: {{ publish: {{ allow: {json.dumps(doors)} }}
        subscribe: {{ allow: ["_INBOX.>"] }} }} }}
    ]
    imports: [
{imports}
    ]
  }}
"""
