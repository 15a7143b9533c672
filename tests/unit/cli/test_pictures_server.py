from pathlib import Path

import httpx
import pytest

from postkeep_local.pictures_server import serve


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    (pictures / "奶茶.webp").write_bytes(b"RIFF")
    return pictures


def test_pictures_are_served_on_the_loopback(folder: Path) -> None:
    with serve(folder) as address, httpx.Client(base_url=address, trust_env=False) as client:
        assert address.startswith("http://127.0.0.1:")
        found = client.get("/奶茶.webp")
        assert (found.status_code, found.content, found.headers["Content-Type"]) == (200, b"RIFF", "image/webp")
        assert client.get("/gone.jpg").status_code == 404


@pytest.mark.parametrize("path", ["/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt"])
def test_nothing_else_is_served(folder: Path, path: str) -> None:
    with serve(folder) as address, httpx.Client(trust_env=False) as client:
        request = client.build_request("GET", address)
        request.extensions["target"] = path.encode()
        assert client.send(request).status_code == 404


def test_it_ends_with_its_context(folder: Path) -> None:
    with serve(folder) as address:
        pass
    with pytest.raises(httpx.ConnectError):
        httpx.get(address, trust_env=False)


def test_it_is_silent(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with serve(folder) as address:
        httpx.get(address + "/gone.jpg", trust_env=False)
    assert capfd.readouterr() == ("", "")
