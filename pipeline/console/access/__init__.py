"""Who may see and do what: users with roles, their sessions and tokens, limits, and the trail of what they did."""

from pipeline.console.access.access import Access
from pipeline.console.access.file import AccessError, AccessFile, NoAccessError, open_access
from pipeline.console.access.passwords import Passwords
from pipeline.console.access.permissions import Role
from pipeline.console.access.sessions import Lasting
from pipeline.console.access.users import Users

__all__ = [
    "Access",
    "AccessError",
    "AccessFile",
    "Lasting",
    "NoAccessError",
    "Passwords",
    "Role",
    "Users",
    "open_access",
]
