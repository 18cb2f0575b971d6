"""Signatures, sealing, keys and the chain, checked against the tools everybody has."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pyrage
import pytest
import zstandard
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from jzdesk.core.chain import GENESIS, body_hash, chain_links, chain_step, entry_id
from jzdesk.core.errors import StationFault, UserError
from jzdesk.sync import sealing, sshsig
from jzdesk.sync.keys import PublicKeys, StationKeys, device_id, fingerprint_words
from jzdesk.sync.refusal import PackageRefused

DATA = "教育精准扶贫\n".encode() * 50


@pytest.fixture
def key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


def line_of(key: Ed25519PrivateKey) -> str:
    return sshsig.public_line(key.public_key())


def ssh_keygen(*arguments: str | Path, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["ssh-keygen", *map(str, arguments)], input=data, capture_output=True, check=False)


@pytest.mark.parametrize("namespace", [sshsig.PACKAGE, sshsig.RECEIPT, sshsig.CERTIFICATE, sshsig.REQUEST, sshsig.APP])
def test_ssh_keygen_accepts_our_signature(tmp_path: Path, key: Ed25519PrivateKey, namespace: str) -> None:
    (tmp_path / "signers").write_text(f"school {line_of(key)}\n")
    (tmp_path / "sig").write_bytes(sshsig.sign(key, namespace, DATA))
    arguments = ("-Y", "verify", "-f", tmp_path / "signers", "-I", "school", "-n", namespace, "-s")
    assert ssh_keygen(*arguments, tmp_path / "sig", data=DATA).returncode == 0
    assert ssh_keygen(*arguments, tmp_path / "sig", data=DATA + b"!").returncode != 0


@pytest.mark.parametrize("algorithm", ["sha512", "sha256"])
def test_we_accept_the_signature_of_ssh_keygen(tmp_path: Path, key: Ed25519PrivateKey, algorithm: str) -> None:
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    (tmp_path / "key").touch(0o600)
    (tmp_path / "key").write_bytes(private)
    signed = ssh_keygen(
        "-Y", "sign", "-O", f"hashalg={algorithm}", "-n", sshsig.PACKAGE, "-f", tmp_path / "key", data=DATA
    )
    sshsig.verify(line_of(key), sshsig.PACKAGE, DATA, signed.stdout)
    sshsig.verify(key.public_key(), sshsig.PACKAGE, DATA, signed.stdout)
    assert sshsig.signer(signed.stdout) == line_of(key)
    if algorithm == "sha512":  # Ed25519 is deterministic: not only accepted, but the same bytes
        assert sshsig.sign(key, sshsig.PACKAGE, DATA) == signed.stdout


def test_a_signature_is_refused_for_other_data_another_key_and_another_namespace(
    key: Ed25519PrivateKey,
) -> None:
    signature = sshsig.sign(key, sshsig.PACKAGE, DATA)
    with pytest.raises(PackageRefused, match="对不上"):
        sshsig.verify(line_of(key), sshsig.PACKAGE, DATA + b" ", signature)
    with pytest.raises(PackageRefused, match="密钥"):
        sshsig.verify(line_of(Ed25519PrivateKey.generate()), sshsig.PACKAGE, DATA, signature)
    with pytest.raises(PackageRefused, match="用途"):
        sshsig.verify(line_of(key), sshsig.RECEIPT, DATA, signature)


def test_every_flipped_or_missing_byte_of_a_signature_is_refused_or_means_the_same(
    key: Ed25519PrivateKey,
) -> None:
    signature = sshsig.sign(key, sshsig.PACKAGE, DATA)
    begin = signature.index(b"\n")
    for at in range(begin + 1, signature.rindex(b"\n-----END")):
        flipped = signature[:at] + bytes([signature[at] ^ 1]) + signature[at + 1 :]
        with pytest.raises(PackageRefused):
            sshsig.verify(line_of(key), sshsig.PACKAGE, DATA, flipped)
        with pytest.raises(PackageRefused):
            sshsig.verify(line_of(key), sshsig.PACKAGE, DATA, signature[:at])


@pytest.mark.parametrize("line", ["", "ssh-rsa AAAA", "ssh-ed25519 AAAA", "ssh-ed25519 ####", "学校"])
def test_a_malformed_public_key_is_refused(line: str) -> None:
    with pytest.raises(PackageRefused):
        sshsig.parse_public(line)


def test_age_and_zstd_open_what_we_sealed(tmp_path: Path) -> None:
    one, two = sealing.new_identity(), sealing.new_identity()
    sealed = sealing.seal(DATA, [sealing.recipient_of(one), sealing.recipient_of(two)])
    for identity in (one, two):
        (tmp_path / "identity").write_text(identity + "\n")
        packed = subprocess.run(
            ["age", "-d", "-i", tmp_path / "identity"], input=sealed, capture_output=True, check=True
        ).stdout
        assert subprocess.run(["zstd", "-d"], input=packed, capture_output=True, check=True).stdout == DATA
        assert sealing.open_sealed(sealed, identity) == DATA


def test_we_open_what_age_and_zstd_sealed() -> None:
    identity = sealing.new_identity()
    packed = subprocess.run(["zstd", "-19", "-c"], input=DATA, capture_output=True, check=True).stdout
    sealed = subprocess.run(
        ["age", "-r", sealing.recipient_of(identity)], input=packed, capture_output=True, check=True
    ).stdout
    assert sealing.open_sealed(sealed, identity) == DATA


def age(data: bytes, identity: str) -> bytes:
    recipient = pyrage.x25519.Recipient.from_str(sealing.recipient_of(identity))
    return bytes(pyrage.encrypt(data, [recipient]))


def test_sealing_keeps_its_limits() -> None:
    identity = sealing.new_identity()
    bomb = zstandard.ZstdCompressor(level=19).compress(bytes(200 << 20))
    with pytest.raises(PackageRefused, match="64 MB"):
        max(map(len, sealing.open_stream(age(bomb, identity), identity)))
    wide = zstandard.ZstdCompressionParameters(window_log=27, format=zstandard.FORMAT_ZSTD1)
    stream = zstandard.ZstdCompressor(compression_params=wide).compressobj()
    frame = stream.compress(bytes(1000)) + stream.flush()
    with pytest.raises(PackageRefused, match="内存"):
        sealing.open_sealed(age(frame, identity), identity)
    with pytest.raises(PackageRefused, match="太大"):
        sealing.open_sealed(bytes((16 << 20) + 1), identity)


def test_sealed_data_is_whole_or_refused() -> None:
    identity, other = sealing.new_identity(), sealing.new_identity()
    sealed = sealing.seal(DATA, [sealing.recipient_of(identity)])
    for at in range(0, len(sealed), 3):
        with pytest.raises(PackageRefused):
            sealing.open_sealed(sealed[:at], identity)
        with pytest.raises(PackageRefused):
            sealing.open_sealed(sealed[:at] + bytes([sealed[at] ^ 4]) + sealed[at + 1 :], identity)
    with pytest.raises(PackageRefused, match="不是加密给本站的") as caught:
        sealing.open_sealed(sealed, other)
    assert caught.value.kind == "recipient"
    packed = zstandard.ZstdCompressor().compress(DATA)
    for wrong in (packed[:-1], packed + b"x", packed + packed, packed + bytes(300), b"", b"not zstd"):
        with pytest.raises(PackageRefused):
            sealing.open_sealed(age(wrong, identity), identity)


def test_keys_come_back_from_their_file_and_only_with_the_right_key(tmp_path: Path) -> None:
    keys, path, wrapping = StationKeys.generate(), tmp_path / "station.keys", bytes(range(32))
    keys.save(path, wrapping)
    loaded = StationKeys.load(path, wrapping)
    assert (loaded.public, loaded.sealing, loaded.device) == (keys.public, keys.sealing, keys.device)
    assert path.stat().st_mode & 0o077 == 0
    assert [one.name for one in tmp_path.iterdir()] == ["station.keys"]
    raw = path.read_bytes()
    assert keys.sealing.encode() not in raw
    assert keys.sealing not in repr(keys)
    with pytest.raises(UserError, match="打不开"):
        StationKeys.load(path, bytes(32))
    for at in range(len(raw)):
        path.write_bytes(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])
        with pytest.raises(UserError, match="损坏"):
            StationKeys.load(path, wrapping)
    for damaged in (b"", raw[:20], raw[:-1]):
        path.write_bytes(damaged)
        with pytest.raises(UserError, match="密钥"):
            StationKeys.load(path, wrapping)
    with pytest.raises(UserError, match="找不到"):
        StationKeys.load(tmp_path / "none", wrapping)


def test_a_failed_save_leaves_the_old_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys, path, wrapping = StationKeys.generate(), tmp_path / "station.keys", bytes(32)
    keys.save(path, wrapping)

    def no_room(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", no_room)
    with pytest.raises(StationFault, match="空间不够"):
        StationKeys.generate().save(path, wrapping)
    assert StationKeys.load(path, wrapping).public == keys.public
    assert len(list(tmp_path.iterdir())) == 1


def test_device_and_fingerprint_depend_on_both_keys() -> None:
    one, two = StationKeys.generate().public, StationKeys.generate().public
    mixed = PublicKeys(one.signing, two.sealing)
    assert len({device_id(keys) for keys in (one, two, mixed)}) == 3
    words = {fingerprint_words(keys) for keys in (one, two, mixed)}
    assert len(words) == 3
    for text in words:
        assert len(text) == 9
        assert text[4] == "-"
        assert set(text) <= set("23456789ABCDEFGHJKLMNPQRSTUVWXYZ-")
    assert fingerprint_words(one) == fingerprint_words(PublicKeys(one.signing, one.sealing))
    assert len(device_id(one)) == 16


def test_the_chain_is_what_the_format_says() -> None:
    bodies = [b'{"n":1}', '{"n":2,"名":"张"}'.encode()]
    first = hashlib.sha256(bytes(32) + hashlib.sha256(bodies[0]).digest()).digest()
    second = hashlib.sha256(first + hashlib.sha256(bodies[1]).digest()).digest()
    assert chain_step(GENESIS, bodies[0]) == first
    assert chain_links(GENESIS, map(body_hash, bodies)) == [first, second]
    assert entry_id(second) == second.hex()[:32]
