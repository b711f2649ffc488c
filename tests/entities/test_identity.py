"""Who or what an entity is: equal spellings meet, different things stay apart."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entities import identity
from entities.identity import EntityIdentity, IdentityError
from entities.noise import is_noise
from entities.spelling import (
    MAXIMUM_IDENTIFIER,
    domain_name,
    file_path,
    fold,
    given_id,
    hash_identifier,
    ip_address,
    mail_address,
    registry_path,
    security_identifier,
    shorten,
    url_address,
)

WORKSTATION = identity.device(hostname="fin-ws-17", domain="contoso.example")
SERVER = identity.device(hostname="srv-2", domain="contoso.example")
SID = "S-1-5-21-1004336348-1177238915-682003330-1105"
GUID = "5B7C1D0E-3C54-4C2B-9E0B-0C7C5D6E7F80"

anything = st.text(max_size=60)
spelled = st.text(
    st.sampled_from("aAbZ09.-_@\\/:\"'?#[]%| \t\u200b\u00df\u0130\u0131\u212a\uff41\u3002\u00e9e\u0301{}<>"),
    max_size=40,
)
windows_like = st.text(st.sampled_from('cC:\\/?."U NCunc\u00a0'), max_size=30)


# ------------------------------------------------------------------------------------------------------------ spellings

SPELLINGS: dict[str, Callable[[str], str]] = {
    "fold": fold,
    "domain_name": domain_name,
    "ip_address": ip_address,
    "url_address": url_address,
    "mail_address": mail_address,
    "given_id": given_id,
    "security_identifier": security_identifier,
    "file_path": file_path,
    "registry_path": lambda text: registry_path("", text),
    "shorten": shorten,
}


@pytest.mark.parametrize("name", SPELLINGS)
@given(text=anything | spelled | windows_like)
def test_normalising_twice_is_normalising_once(name: str, text: str) -> None:
    once = SPELLINGS[name](text)
    assert SPELLINGS[name](once) == once


@given(text=anything | spelled)
def test_case_makes_no_difference_where_names_are_folded(text: str) -> None:
    assert fold(text.swapcase().swapcase()) == fold(fold(text.swapcase().swapcase()))
    if text.isascii():
        assert fold(text.upper()) == fold(text.lower())
        assert domain_name(text.upper()) == domain_name(text.lower())
        assert mail_address(text.upper()) == mail_address(text.lower())


@given(st.ip_addresses())
def test_every_spelling_of_an_address_meets(address: IPv4Address | IPv6Address) -> None:
    known = ip_address(str(address))
    assert known
    assert ip_address(address.exploded) == known
    assert ip_address(f" {str(address).upper()} ") == known
    assert ip_address(f"[{address}]") == known


@given(st.text(max_size=3_000) | st.text(st.sampled_from("a\u00e9\U0001f600"), min_size=900, max_size=3_000))
def test_no_identifier_is_longer_than_an_index_takes(text: str) -> None:
    short = shorten(text)
    assert len(short.encode("utf-8", "surrogatepass")) <= MAXIMUM_IDENTIFIER
    assert (short == text) == (len(text.encode("utf-8", "surrogatepass")) <= MAXIMUM_IDENTIFIER)


def test_a_long_identifier_keeps_its_beginning_and_a_digest_of_the_whole() -> None:
    long = "url:http://contoso.example/" + "a" * 5_000
    short = shorten(long)
    assert short.startswith("url:http://contoso.example/aaa")
    assert short.endswith(f"…sha256:{hashlib.sha256(long.encode()).hexdigest()}")
    assert shorten(long + "b") != short


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mail.Contoso.Example", "mail.contoso.example"),
        ("contoso.example.", "contoso.example"),
        ("contoso。example", "contoso.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
        ("_dmarc.contoso.example", "_dmarc.contoso.example"),
        ("intranet", "intranet"),
        ("192.0.2.1", ""),
        ("-c", ""),
        ("/index.htm", ""),
        ("a..b", ""),
        ("a" * 64 + ".example", ""),
        ("a b.example", ""),
        ("", ""),
    ],
)
def test_a_domain_is_written_as_dns_compares_it(text: str, expected: str) -> None:
    assert domain_name(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:0DB8:0:0::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("010.1.1.1", ""),
        ("10.1", ""),
        ("3232235777", ""),
        ("192.0.2.1:443", ""),
    ],
)
def test_an_address_has_one_spelling(text: str, expected: str) -> None:
    assert ip_address(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("HTTP://Contoso.Example:80", "http://contoso.example/"),
        ("https://contoso.example:443/A?B=C#part", "https://contoso.example/A?B=C"),
        ("https://contoso.example:8443/", "https://contoso.example:8443/"),
        ("http://contoso.example./a", "http://contoso.example/a"),
        ("hxxps://contoso[.]example/a", "https://contoso.example/a"),
        ("http://[2001:DB8::0:1]/", "http://[2001:db8::1]/"),
        ("http://Jo:Pass@contoso.example/", "http://Jo:Pass@contoso.example/"),
        ("http://bücher.example/ü", "http://xn--bcher-kva.example/ü"),
        ("http://contoso.example/%2e%2E/", "http://contoso.example/%2e%2E/"),
        ("javascript:alert(1)", "javascript:alert(1)"),
        ("http://contoso.example:99999/", "http://contoso.example:99999/"),
        ("http://[::1", "http://[::1"),
        ("not a url", "not a url"),
    ],
)
def test_a_url_keeps_its_path_and_loses_what_does_not_matter(text: str, expected: str) -> None:
    assert url_address(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("C:/Windows\\\\System32\\CMD.exe", "c:\\windows\\system32\\cmd.exe"),
        ('"C:\\Program Files\\a.exe"', "c:\\program files\\a.exe"),
        ("\\\\?\\C:\\a.exe", "c:\\a.exe"),
        ("\\??\\C:\\a.exe", "c:\\a.exe"),
        ("\\\\?\\UNC\\server\\share\\a.exe", "\\\\server\\share\\a.exe"),
        ("\\\\Server\\Share\\", "\\\\server\\share"),
        ("/usr//bin/Python", "/usr/bin/Python"),
        ("/", "/"),
        ("cmd.exe", "cmd.exe"),
    ],
)
def test_a_path_is_folded_where_windows_folds_it(text: str, expected: str) -> None:
    assert file_path(text) == expected


def test_hashes_are_told_by_their_length() -> None:
    assert hash_identifier("D" * 32) == "md5:" + "d" * 32
    assert hash_identifier("d" * 40) == "sha1:" + "d" * 40
    assert hash_identifier(" " + "d" * 64) == "sha256:" + "d" * 64
    assert hash_identifier("g" * 64) == hash_identifier("d" * 63) == hash_identifier("0" * 40) == ""


# -------------------------------------------------------------------------------------------------------------- devices


def test_spellings_of_a_device_meet() -> None:
    assert identity.device(hostname="FIN-WS-17.Contoso.Example.").match == WORKSTATION.match
    assert identity.device(dns_name="fin-ws-17.contoso.example", hostname="FIN-WS-17").match == WORKSTATION.match


def test_a_short_host_name_is_weak_once_something_better_is_known() -> None:
    assert WORKSTATION.match == ("fqdn:fin-ws-17.contoso.example",)
    assert WORKSTATION.aliases == ("host:fin-ws-17",)
    assert identity.device(hostname="FIN-WS-17").match == ("host:fin-ws-17",)
    assert identity.device(hostname="FIN-WS-17").aliases == ()


def test_a_device_is_stored_under_its_readable_name() -> None:
    known = identity.device(hostname="fin-ws-17.contoso.example", defender_id="ABC1", entra_id=GUID)
    assert known.match == ("mde:abc1", f"aad:{GUID.lower()}", "fqdn:fin-ws-17.contoso.example")
    assert known.key == "fqdn:fin-ws-17.contoso.example"


def test_ids_of_nothing_but_zeros_are_no_ids() -> None:
    nobody = "00000000-0000-0000-0000-000000000000"
    assert identity.device(hostname="a", entra_id=nobody, defender_id="0").match == ("host:a",)
    with pytest.raises(IdentityError):
        identity.user(entra_id=nobody, sid="S-1-0-0")


def test_hosts_of_two_domains_are_two_devices() -> None:
    assert identity.device(hostname="dc1", nt_domain="CONTOSO").match == ("nt:contoso\\dc1",)
    assert identity.device(hostname="dc1", nt_domain="FABRIKAM").match == ("nt:fabrikam\\dc1",)
    assert identity.device(hostname="dc1", nt_domain="WORKGROUP").match == ("host:dc1",)


def test_an_address_in_place_of_a_host_name_is_not_split_at_its_dots() -> None:
    assert identity.device(hostname="192.0.2.7").match == ("host:192.0.2.7",)


def test_a_name_no_dns_server_would_take_still_names_a_device() -> None:
    assert identity.device(hostname="Jo’s Phone").match == ("host:jo’s phone",)


def test_a_virtual_machine_is_known_by_its_resource() -> None:
    resource = "/subscriptions/1/resourceGroups/RG/providers/Microsoft.Compute/virtualMachines/VM1"
    known = identity.device(azure_id=resource)
    assert known.match == (f"azure:{resource.lower()}",)
    assert known.name == "VM1"


# ---------------------------------------------------------------------------------------------------------------- users


def test_spellings_of_a_user_meet() -> None:
    assert identity.user(account="CONTOSO\\Jo").match == identity.user(account="jo", domain="Contoso").match
    assert identity.user(account="Jo@Contoso.Example").match == identity.user(upn="jo@contoso.example.").match
    assert identity.user(account="jo", domain="contoso.example").match == ("upn:jo@contoso.example",)


def test_a_user_is_known_by_every_sure_name_strongest_first() -> None:
    known = identity.user(account="Jo", domain="CONTOSO", upn="jo@contoso.example", sid=SID, entra_id=GUID)
    assert known.match == (f"aad:{GUID.lower()}", f"sid:{SID.lower()}", "upn:jo@contoso.example", "nt:contoso\\jo")
    assert known.aliases == ("account:jo",)
    assert known.key == "upn:jo@contoso.example"


@pytest.mark.parametrize(
    "names",
    [
        {"account": "SYSTEM", "domain": "NT AUTHORITY"},
        {"account": "NT AUTHORITY\\SYSTEM"},
        {"account": "system"},
        {"account": "LocalSystem"},
        {"account": "SYSTEM", "domain": "NT-AUTORITÄT"},
        {"sid": "S-1-5-18"},
        {"account": "whatever", "sid": "S-1-5-18"},
    ],
)
def test_every_machine_has_its_own_system_account(names: dict[str, str]) -> None:
    here = identity.user(**names, scope=WORKSTATION)
    there = identity.user(**names, scope=SERVER)
    assert here.match == ("account@fqdn:fin-ws-17.contoso.example|nt authority\\system",)
    assert here.match != there.match
    assert is_noise(here) == is_noise(identity.user(**names)) == "an account that every machine has"


def test_a_bare_administrator_belongs_to_its_device() -> None:
    here = identity.user(account="ADMINISTRATOR", scope=WORKSTATION)
    assert here.match == ("account@fqdn:fin-ws-17.contoso.example|administrator",)
    assert identity.user(account="Administrator", domain="CONTOSO").match == ("nt:contoso\\administrator",)


def test_an_id_that_every_machine_has_belongs_to_its_device() -> None:
    administrators = "S-1-5-32-544"
    assert identity.user(sid=administrators, scope=SERVER).match == ("sid@fqdn:srv-2.contoso.example|s-1-5-32-544",)
    group = identity.security_group(sid=administrators, scope=SERVER)
    assert group.match == ("sid@fqdn:srv-2.contoso.example|s-1-5-32-544",)


def test_a_common_name_never_becomes_another_name_of_somebody() -> None:
    assert identity.user(account="CONTOSO\\admin").aliases == ()


def test_no_account_name_can_pass_for_one_on_a_device() -> None:
    real = identity.user(account="root", scope=WORKSTATION)
    for text in ("fqdn:fin-ws-17.contoso.example|root", "@fqdn:fin-ws-17.contoso.example|root"):
        assert set(identity.user(account=text).match).isdisjoint(real.match)
    device = identity.device(hostname="a|b")
    assert identity.user(account="root", scope=device).match == ("account@host:a%7cb|root",)


# ------------------------------------------------------------------------------------------- files, processes, registry


def test_a_file_is_known_by_its_hashes_strongest_first() -> None:
    known = identity.file(
        name="a.exe", directory="C:\\", hashes=["D" * 32, "E" * 64, None, "F" * 40], scope=WORKSTATION
    )
    assert known.match == ("sha256:" + "e" * 64, "sha1:" + "f" * 40, "md5:" + "d" * 32)


def test_without_a_hash_the_same_path_on_two_devices_is_two_files() -> None:
    here = identity.file(path="C:\\Temp\\a.exe", scope=WORKSTATION)
    assert here.match == ("path@fqdn:fin-ws-17.contoso.example|c:\\temp\\a.exe",)
    assert here.match == identity.file(name="A.exe", directory="c:/temp/", scope=WORKSTATION).match
    assert here.match == identity.file(name="A.exe", directory="c:/temp/A.EXE", scope=WORKSTATION).match
    assert here.match != identity.file(path="C:\\Temp\\a.exe", scope=SERVER).match


def test_a_thing_on_a_device_is_found_by_each_name_the_device_is_best_known_by() -> None:
    both = identity.device(hostname="fin-ws-17.contoso.example", defender_id="abc1")
    file = identity.file(path="/tmp/a", scope=both)
    assert file.match == ("path@fqdn:fin-ws-17.contoso.example|/tmp/a", "path@mde:abc1|/tmp/a")
    assert set(file.match) & set(identity.file(path="/tmp/a", scope=WORKSTATION).match)
    assert set(file.match) & set(identity.file(path="/tmp/a", scope=identity.device(defender_id="ABC1")).match)


START = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def test_a_process_is_its_device_number_and_start() -> None:
    here = identity.process(pid="0x165c", created=START, image="C:\\a.exe", scope=WORKSTATION)
    elsewhere_on_the_clock = START.astimezone(timezone(timedelta(hours=2)))
    assert here.match == identity.process(pid=5724, created=elsewhere_on_the_clock, scope=WORKSTATION).match
    assert here.match != identity.process(pid=5724, created=START, scope=SERVER).match
    assert here.match != identity.process(pid=5724, created=START + timedelta(seconds=1), scope=WORKSTATION).match
    assert here.name == "a.exe (5724)"


def test_without_a_number_a_process_is_its_image_and_command_line_on_the_device() -> None:
    here = identity.process(image="C:\\A.exe", command_line="a.exe -x", scope=WORKSTATION)
    assert here.match == identity.process(image="c:/a.exe", command_line="a.exe -x", scope=WORKSTATION).match
    assert here.match != identity.process(image="c:/a.exe", command_line="a.exe -X", scope=WORKSTATION).match
    assert here.match != identity.process(image="c:/a.exe", command_line="a.exe -x", scope=SERVER).match


@pytest.mark.parametrize("pid", ["", "x", "-1", "0x", "1_000", "٣", -1, True, 2**64, "9" * 30])
def test_a_process_number_is_a_number(pid: int | str) -> None:
    assert identity.process_number(pid) is None


def test_spellings_of_a_registry_key_meet() -> None:
    plain = identity.registry_key(hive="HKEY_LOCAL_MACHINE", key="Software\\Run", scope=WORKSTATION)
    for key in ("HKLM\\SOFTWARE\\Run\\", "Computer\\HKEY_LOCAL_MACHINE\\software\\\\run"):
        assert identity.registry_key(key=key, scope=WORKSTATION).match == plain.match
    assert identity.registry_key(hive="HKLM", key="HKLM\\Software\\Run", scope=WORKSTATION).match == plain.match
    value = identity.registry_value(hive="HKLM", key="Software\\Run", value_name="Updater", scope=WORKSTATION)
    assert value.match == ("value@fqdn:fin-ws-17.contoso.example|hklm\\software\\run|updater",)


# --------------------------------------------------------------------------------------------------------------- others


def test_a_mail_is_one_for_all_its_recipients() -> None:
    assert identity.mail_message(network_message_id=GUID, subject="Hi").match == (f"network-message:{GUID.lower()}",)
    assert identity.mail_message(internet_message_id="<A@b>").match == ("message:A@b",)


def test_a_thing_of_an_unknown_kind_is_its_id_or_all_that_is_said_of_it() -> None:
    assert identity.other("gitHubRepo", identifier="42").match == ("githubrepo:42",)
    one = identity.other("nic", content={"mac": "a"}, scope=WORKSTATION)
    assert one.match == identity.other("nic", content={"mac": "a"}, scope=WORKSTATION).match
    assert one.match != identity.other("nic", content={"mac": "b"}, scope=WORKSTATION).match


NOTHING: list[Callable[[], EntityIdentity]] = [
    lambda: identity.device(),
    lambda: identity.device(hostname=" "),
    lambda: identity.user(),
    lambda: identity.user(display_name="Jo"),
    lambda: identity.mailbox(address="nobody"),
    lambda: identity.application(),
    lambda: identity.cloud_resource(name="x"),
    lambda: identity.ip(None),
    lambda: identity.ip("192.0.2"),
    lambda: identity.domain("192.0.2.1"),
    lambda: identity.url(" "),
    lambda: identity.file(),
    lambda: identity.file(hashes=["xyz", None]),
    lambda: identity.process(),
    lambda: identity.process(created=START),
    lambda: identity.registry_key(key=""),
    lambda: identity.registry_value(key=None, value_name="x"),
    lambda: identity.mail_message(subject="x"),
    lambda: identity.mail_cluster(cluster_id=""),
    lambda: identity.security_group(),
    lambda: identity.malware(None),
    lambda: identity.container(),
    lambda: identity.other("x"),
]


@pytest.mark.parametrize("build", NOTHING)
def test_where_nothing_identifies_a_thing_it_says_what_would(build: Callable[[], EntityIdentity]) -> None:
    with pytest.raises(IdentityError) as caught:
        build()
    assert caught.value.problem.endswith(".")


BUILDERS: list[Callable[[str], EntityIdentity]] = [
    lambda text: identity.device(hostname=text, domain=text),
    lambda text: identity.device(dns_name=text, nt_domain=text, defender_id=text, entra_id=text, azure_id=text),
    lambda text: identity.user(account=text, domain=text, upn=text, sid=text, scope=WORKSTATION),
    lambda text: identity.user(account=text),
    lambda text: identity.mailbox(address=text),
    lambda text: identity.application(app_id=text, name=text, instance=text),
    lambda text: identity.cloud_resource(resource_id=text),
    lambda text: identity.ip(text),
    lambda text: identity.domain(text),
    lambda text: identity.url(text),
    lambda text: identity.file(path=text),
    lambda text: identity.file(name=text, directory=text, hashes=[text], scope=WORKSTATION),
    lambda text: identity.process(pid=text, image=text, command_line=text, scope=text),
    lambda text: identity.registry_key(key=text, hive=text),
    lambda text: identity.registry_value(key=text, value_name=text, scope=SERVER),
    lambda text: identity.mail_message(network_message_id=text, internet_message_id=text),
    lambda text: identity.mail_cluster(cluster_id=text),
    lambda text: identity.security_group(sid=text, distinguished_name=text, name=text),
    lambda text: identity.malware(text),
    lambda text: identity.container(container_id=text, name=text, image=text),
    lambda text: identity.other(text, identifier=text, name=text),
]


@pytest.mark.parametrize("build", BUILDERS)
@given(text=anything | spelled | windows_like | st.text(min_size=950, max_size=1_200))
def test_an_identity_is_whole_whatever_the_sender_writes(build: Callable[[str], EntityIdentity], text: str) -> None:
    try:
        built = build(text)
    except IdentityError:
        return
    assert built.key in built.match
    assert built.name
    assert all(0 < len(name.encode("utf-8", "surrogatepass")) <= MAXIMUM_IDENTIFIER for name in built.match)
    assert len(set(built.match)) == len(built.match)
    assert set(built.match).isdisjoint(built.aliases)
    assert len(built.name) <= identity.MAXIMUM_NAME
    assert build(text) == built
    assert is_noise(built) is None or isinstance(is_noise(built), str)


# ---------------------------------------------------------------------------------------------------------------- noise


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "::1",
        "0.0.0.0",
        "0.1.2.3",
        "::",
        "224.0.0.251",
        "ff02::fb",
        "255.255.255.255",
        "169.254.9.9",
        "fe80::1",
        "240.0.0.1",
        "::ffff:127.0.0.1",
    ],
)
def test_addresses_that_every_network_has_tie_nothing_together(address: str) -> None:
    assert is_noise(identity.ip(address))


@pytest.mark.parametrize("address", ["192.0.2.10", "10.0.0.5", "2001:db8::1", "fd00::1", "8.8.8.8"])
def test_an_address_of_somebody_is_no_noise(address: str) -> None:
    assert is_noise(identity.ip(address)) is None


@pytest.mark.parametrize(
    "account", ["administrator", "ADMIN", "root", "User", "guest", "test", ".\\admin", "WORKGROUP\\admin"]
)
def test_common_account_names_tie_nothing_together(account: str) -> None:
    assert is_noise(identity.user(account=account, scope=WORKSTATION)) == "a common account name without a domain"


@pytest.mark.parametrize(
    "names",
    [
        {"account": "CONTOSO\\administrator"},
        {"account": "admin@contoso.example"},
        {"account": "root", "sid": SID},
        {"account": "jo"},
    ],
)
def test_an_account_of_somebody_is_no_noise(names: dict[str, str]) -> None:
    assert is_noise(identity.user(**names)) is None


NOISE: list[EntityIdentity] = [
    identity.device(hostname="LOCALHOST"),
    identity.device(hostname="localhost.localdomain"),
    identity.device(hostname="127.0.0.1"),
    identity.domain("localhost"),
    identity.url("http://localhost:8080/x"),
    identity.url("http://[::1]/"),
    identity.url("http://jo@127.0.0.1/"),
    identity.file(hashes=[hashlib.sha256(b"").hexdigest()]),
    identity.file(hashes=[hashlib.md5(b"").hexdigest()]),
    identity.file(path="C:\\Windows\\System32\\cmd.exe"),
    identity.file(name="cmd.exe"),
    identity.process(pid=4, created=START),
    identity.registry_key(key="HKLM\\Software"),
    identity.registry_value(key="HKLM\\Software", value_name="x"),
]


@pytest.mark.parametrize("entity", NOISE, ids=lambda entity: entity.key)
def test_what_turns_up_everywhere_ties_nothing_together(entity: EntityIdentity) -> None:
    assert is_noise(entity)


SIGNAL: list[EntityIdentity] = [
    WORKSTATION,
    identity.device(hostname="localhost", defender_id="abc1"),
    identity.file(hashes=["a" * 64]),
    identity.file(path="/tmp/a", scope=WORKSTATION),
    identity.process(pid=4, created=START, scope=WORKSTATION),
    identity.process(pid=4, created=START, scope="alert:x:1"),
    identity.registry_key(key="HKLM\\Software", scope=WORKSTATION),
    identity.url("http://contoso.example/"),
    identity.url("mailto:jo@localhost"),
    identity.mailbox(address="jo@contoso.example"),
    identity.malware("Emotet"),
]


@pytest.mark.parametrize("entity", SIGNAL, ids=lambda entity: entity.key)
def test_what_names_one_thing_is_no_noise(entity: EntityIdentity) -> None:
    assert is_noise(entity) is None
