"""Addresses to which others are told something: encrypted, or on this machine."""

import ipaddress

import httpx


def is_loopback(host: str) -> bool:
    """Whether a host is this machine.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("localhost"), is_loopback("localhost.example.org")
    (True, True, True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def address_problem(url: str, *, plain: bool) -> str:
    """What is wrong with an address; empty where it will do. What it is does not stand there: it may hold a secret.

    >>> address_problem("https://example.org/hook?key=1", plain=False)
    ''
    >>> address_problem("http://example.org/hook", plain=False)
    'http is for this machine alone; use https, or say plain = true'

    Args:
        plain: whether http is allowed to other machines, too.
    """
    try:
        read = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError, ValueError):
        return "is no address"
    if read.scheme not in {"http", "https"} or not read.host or not url.isascii() or not url.isprintable():
        return "is no address: https://HOST/PATH"
    if read.userinfo:
        return "a name and a password do not stand in an address: use authorization_file"
    if read.fragment:
        return "an address to send to has no fragment (#)"
    if read.scheme == "http" and not plain and not is_loopback(read.host):
        return "http is for this machine alone; use https, or say plain = true"
    return ""
