"""A small OpenID Connect provider: discovery, authorize, token, userinfo, keys; real HTTP, a real RSA key."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

CLIENT, SECRET = "watchfloor", "very secret"
KEY, FOREIGN_KEY = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))


class OpenIDProvider(ThreadingHTTPServer):
    """Lets everybody in as `person`; `spoil` changes what stands in its ID tokens, `signed_with` what signs them."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.issuer = f"http://127.0.0.1:{self.server_address[1]}"
        self.person: dict[str, Any] = {"sub": "4711", "preferred_username": "Mia.Chen", "name": "Mia Chen"}
        self.spoil: dict[str, Any] = {}
        self.config: dict[str, Any] = {}
        self.userinfo: dict[str, Any] = {}
        self.signed_with: Any = KEY
        self.algorithm, self.kid = "RS256", "one"
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []

    def visit(self, address: str) -> str:
        """What a browser does that is sent here: the person agrees, and is sent back to this address."""
        asked = {key: values[0] for key, values in parse_qs(urlsplit(address).query).items()}
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def token_for(self, asked: dict[str, str]) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            **self.person,
            **self.spoil,
        }
        said = {key: value for key, value in claims.items() if value is not None}
        return jwt.encode(said, self.signed_with, algorithm=self.algorithm, headers={"kid": self.kid})


class Answers(BaseHTTPRequestHandler):
    server: OpenIDProvider

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        own = self.server.issuer
        if self.path == "/.well-known/openid-configuration":
            told = {
                "issuer": own,
                "authorization_endpoint": f"{own}/authorize",
                "token_endpoint": f"{own}/token",
                "jwks_uri": f"{own}/keys",
                "userinfo_endpoint": f"{own}/userinfo",
                "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            }
            return self.say(told | self.server.config)
        if self.path == "/keys":
            public = json.loads(RSAAlgorithm.to_jwk(KEY.public_key()))
            return self.say({"keys": [public | {"kid": "one", "use": "sig", "alg": "RS256"}]})
        if self.path == "/userinfo" and self.headers["Authorization"] == "Bearer opaque":
            return self.say({"sub": self.server.person["sub"], **self.server.userinfo})
        return self.say({"error": "not found"}, 404)

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        asked = self.server.codes.pop(form["code"][0], None)
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if asked is None or self.headers["Authorization"] != f"Basic {basic}":
            return self.say({"error": "invalid_grant"}, 400)
        digest = hashlib.sha256(form["code_verifier"][0].encode()).digest()
        if base64.urlsafe_b64encode(digest).decode().rstrip("=") != asked["code_challenge"]:
            return self.say({"error": "invalid_grant"}, 400)
        token = {"access_token": "opaque", "token_type": "Bearer", "expires_in": 300}
        return self.say(token | {"id_token": self.server.token_for(asked)})

    def say(self, body: dict[str, Any], status: int = 200) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *args: Any) -> None:
        pass


@contextmanager
def running() -> Iterator[OpenIDProvider]:
    with OpenIDProvider() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
