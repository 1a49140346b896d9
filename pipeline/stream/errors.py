"""What can go wrong between here and a broker.

StreamError
├── SettingsError                a setting that is unknown, wrong or missing; it names where it came from
├── NoConnectionError
│   ├── BrokerUnreachableError   nobody answers: it may come back, so that it is worth waiting
│   ├── TlsRefusedError          the certificate, theirs or ours, is not accepted
│   └── AuthenticationError      the broker does not accept the user
└── TopicError                   the broker does not take or give what it should of a topic
    └── UnfitTopicsError         topics are missing, or not what they must be: nothing can begin
"""


class StreamError(Exception):
    """Something between here and a broker; the message says what, and what to do."""


class SettingsError(StreamError):
    """A setting that is unknown, wrong or missing."""


class NoConnectionError(StreamError):
    """The broker cannot be used."""


class BrokerUnreachableError(NoConnectionError):
    """Nobody answers at any of the addresses."""


class TlsRefusedError(NoConnectionError):
    """The connection cannot be secured: one side does not accept the other's certificate, or expects no TLS."""


class AuthenticationError(NoConnectionError):
    """The broker does not accept the user, the password or the mechanism."""


class TopicError(StreamError):
    """The broker does not take or give what it should of a topic."""


class UnfitTopicsError(TopicError):
    """Topics are missing, or are not what they must be, or are not ours to see: nothing can begin with them."""
