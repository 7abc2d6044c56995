"""The operator's file that names the log-in services of hospitals."""

from pathlib import Path

import pytest

from portal import create_app
from portal.config import ConfigurationError
from portal.sso import WrongProvider, read_providers

GOOD = """
[haikou]
label = "海口市人民医院"
organisation = "海口市人民医院"
issuer = "https://sso.example.org"
client_id = "portal"
client_secret = "shared"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "providers.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_file_names_a_service_for_each_table(tmp_path: Path) -> None:
    second = GOOD.replace("[haikou]", "[sanya]") + 'second_factor = true\nacr = "mfa"\n'
    found = read_providers(written(tmp_path, GOOD + second), production=True)
    assert list(found) == ["haikou", "sanya"]
    assert found["haikou"].discovery == "https://sso.example.org/.well-known/openid-configuration"
    assert not found["haikou"].second_factor


@pytest.mark.parametrize(
    ("settings", "acr", "counts"),
    [
        ("", "mfa", False),
        ("second_factor = false", "mfa", False),
        ("second_factor = true", None, True),
        ('second_factor = true\nacr = "mfa"', "mfa", True),
        ('second_factor = true\nacr = "mfa"', "pwd", False),
        ('second_factor = true\nacr = "mfa"', None, False),
        ('acr = "mfa"', "mfa", False),
    ],
)
def test_second_factor_of_the_service_counts_only_where_it_is_trusted(
    tmp_path: Path, settings: str, acr: str | None, counts: bool
) -> None:
    (provider,) = read_providers(written(tmp_path, GOOD + settings), production=True).values()
    assert provider.gives_second_factor(acr) is counts


def test_secret_can_stand_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = GOOD.replace('client_secret = "shared"', 'client_secret_env = "HAIKOU_SECRET"')
    path = written(tmp_path, text)
    with pytest.raises(WrongProvider, match="HAIKOU_SECRET is empty"):
        read_providers(path, production=True)
    monkeypatch.setenv("HAIKOU_SECRET", "from outside")
    assert read_providers(path, production=True)["haikou"].client_secret == "from outside"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("[haikou]", "[Haikou]", "small letters"),
        ("[haikou]", "[password]", "small letters"),
        ('label = "海口市人民医院"', "", "lacks label"),
        ('label = "海口市人民医院"', 'label = " "', "lacks label"),
        ('label = "海口市人民医院"', "label = 7", "label must be a text"),
        ('issuer = "https://sso.example.org"', "", "lacks issuer"),
        ("https://sso.example.org", "http://sso.example.org", "https:// in production"),
        ("https://sso.example.org", "sso.example.org", "must be an address"),
        ("https://sso.example.org", "https://sso.example.org?x=1", "must be an address"),
        ("https://sso.example.org", "ftp://sso.example.org", "must be an address"),
        ('client_secret = "shared"', "", "needs a client secret"),
        ('client_secret = "shared"', 'client_secret = ""', "needs a client secret"),
        ('client_id = "portal"', 'client_id = "portal"\nscope = "all"', "unknown settings: scope"),
        ('client_id = "portal"', 'client_id = "portal"\nsecond_factor = "yes"', "true or false"),
        ("[haikou]", "[haikou", "cannot be read"),
        ("[haikou]", "haikou = 1\n[other]", "must be a table"),
    ],
)
def test_faulty_file_is_refused_with_the_place(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    assert old in GOOD
    with pytest.raises(WrongProvider) as refusal:
        read_providers(written(tmp_path, GOOD.replace(old, new)), production=True)
    assert says in str(refusal.value)


def test_plain_http_is_good_enough_for_development(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD.replace("https://", "http://"))
    assert list(read_providers(path, production=False)) == ["haikou"]


@pytest.mark.parametrize("environment", ["development", "production"])
def test_portal_refuses_to_start_with_a_faulty_file(tmp_path: Path, environment: str) -> None:
    settings = {
        "ENVIRONMENT": environment,
        "DATABASE_URL": "sqlite://",
        "INSTANCE_PATH": str(tmp_path),
        "OIDC_FILE": str(tmp_path / "missing.toml"),
    }
    with pytest.raises(ConfigurationError, match="cannot be read"):
        create_app(settings)
