"""An Apache Kafka as companies and vendors run it: behind TLS, with users, and with more doors than one."""

import subprocess
from pathlib import Path
from urllib.parse import quote

from tests.servers import require
from tests.servers.kafka import KafkaServer
from tests.servers.pymap_server import free_port

USER = "anna"
#: Of each kind of character that an address, a properties file or a log could trip over.
PASSWORD = "geh/eim@ein:Wort?ü%41"
PLAIN_USER = "paul"
#: May sign in, and nothing else.
GUEST = "gast"
#: Milliseconds after which the broker ends a connection whose user has not proved itself again.
SESSION = 2000
DOORS = ("GUARDED", "CERTIFIED", "CLEAR", "ASTRAY")

_MORE = """\
listeners=PLAINTEXT://127.0.0.1:{PLAINTEXT},CONTROLLER://127.0.0.1:{CONTROLLER},GUARDED://127.0.0.1:{GUARDED},\
CERTIFIED://127.0.0.1:{CERTIFIED},CLEAR://127.0.0.1:{CLEAR},ASTRAY://127.0.0.1:{ASTRAY}
advertised.listeners=PLAINTEXT://127.0.0.1:{PLAINTEXT},GUARDED://127.0.0.1:{GUARDED},\
CERTIFIED://127.0.0.1:{CERTIFIED},CLEAR://127.0.0.1:{CLEAR},ASTRAY://127.0.0.1:1
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,GUARDED:SASL_SSL,CERTIFIED:SSL,\
CLEAR:SASL_PLAINTEXT,ASTRAY:PLAINTEXT
ssl.keystore.type=PEM
ssl.keystore.location={base}/broker.pem
ssl.truststore.type=PEM
ssl.truststore.location={base}/ca.pem
listener.name.certified.ssl.client.auth=required
listener.name.guarded.sasl.enabled.mechanisms=SCRAM-SHA-512,PLAIN
listener.name.guarded.scram-sha-512.sasl.jaas.config={scram} required;
listener.name.guarded.plain.sasl.jaas.config={plain} required user_{PLAIN_USER}="{password}";
listener.name.clear.sasl.enabled.mechanisms=SCRAM-SHA-256
listener.name.clear.scram-sha-256.sasl.jaas.config={scram} required;
"""
#: As vendors do it: who is not told otherwise may do nothing, and has to prove itself again after a while.
_MORE += """\
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS;User:{USER};User:{PLAIN_USER};User:CN=client
listener.name.guarded.scram-sha-512.connections.max.reauth.ms={SESSION}
"""
_LOGIN = "org.apache.kafka.common.security"


class GuardedKafka(KafkaServer):
    """`port` takes TLS with a user; `doors` has the others by name.

    CERTIFIED takes TLS with a certificate, CLEAR a user without TLS, and ASTRAY sends everybody to a port where
    nobody is. Its certificate is for 127.0.0.1 and for no name. In `base`: `ca.pem` signed it, and `client.pem`
    too, whose key is `client.key`; `stranger.pem` signed nothing.
    """

    def __init__(self, base: Path) -> None:
        super().__init__(base)
        certify(base)
        self.doors = {"PLAINTEXT": self.port, **{name: free_port() for name in DOORS}}
        self.port = self.doors["GUARDED"]
        written = self._properties.read_text().splitlines(keepends=True)
        ours = ("listeners=", "advertised.listeners=", "listener.security.protocol.map=")
        controller = next(line for line in written if line.startswith("listeners=")).rpartition(":")[2].strip()
        more = _MORE.format(
            **self.doors,
            CONTROLLER=controller,
            USER=USER,
            PLAIN_USER=PLAIN_USER,
            SESSION=SESSION,
            base=base,
            password=PASSWORD.encode("ascii", "backslashreplace").decode().replace("\\xfc", "\\u00fc"),
            scram=f"{_LOGIN}.scram.ScramLoginModule",
            plain=f"{_LOGIN}.plain.PlainLoginModule",
        )
        self._properties.write_text("".join(line for line in written if not line.startswith(ours)) + more)
        self._users = tuple(
            f"SCRAM-SHA-{size}=[name={name},password={PASSWORD}]" for size in (256, 512) for name in (USER, GUEST)
        )

    def url(self, prefix: str = "", user: str = USER) -> str:
        """The address of a stream behind TLS and a user's password."""
        login = f"{user}:{quote(PASSWORD, safe='')}"
        return f"kafka+tls://{login}@{self.bootstrap}?ca_file={self.base}/ca.pem&prefix={prefix}"


def certify(folder: Path) -> None:
    """Write an authority, what it signed for a broker and for a client, and an authority that nobody knows."""
    require("openssl")
    for name in ("ca", "stranger"):
        words = f"req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN={name} -keyout {name}.key -out {name}.pem"
        _openssl(folder, words)
    for name, subject in (("broker", "IP:127.0.0.1"), ("client", "DNS:tocsin")):
        (folder / "names").write_text(f"subjectAltName={subject}\n")
        _openssl(folder, f"req -newkey rsa:2048 -nodes -subj /CN={name} -keyout {name}.key -out {name}.csr")
        signed = f"-CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile names -out {name}.pem"
        _openssl(folder, f"x509 -req -in {name}.csr {signed}")
    # Kafka reads the key and the chain from one file.
    (folder / "broker.pem").write_text((folder / "broker.key").read_text() + (folder / "broker.pem").read_text())


def _openssl(folder: Path, words: str) -> None:
    subprocess.run(["openssl", *words.split()], cwd=folder, check=True, capture_output=True)
