"""The emulated tenant as a running thing: proxy, TLS server and loopback interfaces, in one thread."""

from __future__ import annotations

import asyncio
import secrets
import ssl
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from dev.tenant import sample as sample_tenant
from dev.tenant.certificates import write_certificates
from dev.tenant.control_api import PREFIX
from dev.tenant.control_client import TenantControl
from dev.tenant.front import EMULATED, PROBE_PATH, Front
from dev.tenant.http_servers import HttpServer, loopback_socket
from dev.tenant.loopback import IDENTITY_PATH, Loopback
from dev.tenant.proxy import Proxy
from dev.tenant.state import GRAPH_HOST, LOGIN_HOST, TenantState

# Variables that would lead a child process past the proxy or make it distrust our certificates.
REMOVED_VARIABLES = ("ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy", "CURL_CA_BUNDLE")
START_SECONDS = 30.0
# Proxy and servers have limits of their own, which together are shorter.
STOP_SECONDS = 15.0


class EmulatedTenant:
    """Microsoft's cloud for one app. `app` and `state` work without sockets; `with` opens them.

    `folder` takes the CA bundle and certificates; a temporary one is made and removed otherwise.
    """

    def __init__(
        self,
        *,
        sample: bool = True,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        seed: int = 15,
        folder: Path | None = None,
        proxy_port: int = 0,
    ) -> None:
        self.state = TenantState(clock, sleep, seed)
        if sample:
            sample_tenant.fill(self.state)
        self.app = Front(self.state)
        self.identity_header = secrets.token_hex(16).upper()
        self.loopback_app = Loopback(self.state, self.identity_header)
        self.proxy_port = proxy_port
        self.control_url = ""
        self._folder = folder
        self._bundle: Path | None = None
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._loopback_port = 0
        self._control: TenantControl | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._started = threading.Event()
        self._failure: BaseException | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def control(self) -> TenantControl:
        """The client of the control interface, once started."""
        if self._control is None:
            raise RuntimeError("The tenant is not started.")
        return self._control

    def environment(self) -> dict[str, str]:
        """The variables that point a child process here; take REMOVED_VARIABLES out of its environment."""
        proxy = f"http://127.0.0.1:{self.proxy_port}"
        return {
            "HTTPS_PROXY": proxy,
            "https_proxy": proxy,
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
            "SSL_CERT_FILE": str(self._bundle),
            "REQUESTS_CA_BUNDLE": str(self._bundle),
            "IDENTITY_ENDPOINT": f"http://127.0.0.1:{self._loopback_port}{IDENTITY_PATH}",
            "IDENTITY_HEADER": self.identity_header,
        }

    def start(self) -> None:
        """Open the sockets, and prove through the proxy that the emulation answers, not the cloud."""
        if self._folder is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="emulated-tenant-")
            self._folder = Path(self._temporary.name)
        self._started.clear()
        self._thread = threading.Thread(target=self._run, name="emulated tenant", daemon=True)
        self._thread.start()
        try:
            if not self._started.wait(START_SECONDS):
                raise RuntimeError("The emulated tenant did not start in time.")  # noqa: TRY301  it is stopped too
            self._probe()
        except BaseException:
            self.stop()
            raise
        self._control = TenantControl(self.control_url)

    def stop(self) -> None:
        """Close every socket, end the thread and remove the temporary folder.

        Raises:
            RuntimeError: A server or the thread did not end in time; the process may go on.
        """
        if self._control is not None:
            self._control.close()
            self._control = None
        hangs = False
        if self._thread is not None:
            if self._loop is not None and self._stopping is not None and self._thread.is_alive():
                self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(STOP_SECONDS)
            hangs, self._thread = self._thread.is_alive(), None
        if self._temporary is not None:
            self._temporary.cleanup()
            self._temporary, self._folder = None, None
        if self._failure is not None:
            raise self._failure
        if hangs:
            raise RuntimeError(f"The emulated tenant did not stop within {STOP_SECONDS:.0f} s.")

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as failure:  # noqa: BLE001  it is raised where start() waits
            self._failure = failure
        finally:
            self._started.set()

    async def _serve(self) -> None:
        assert self._folder is not None  # noqa: S101  start() made it
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        self._bundle, chain, key = write_certificates(self._folder)
        cloud = HttpServer(self.app, loopback_socket(), chain, key)
        loopback = HttpServer(self.loopback_app, loopback_socket())
        proxy = Proxy(self.state.knows_host, ("127.0.0.1", cloud.port))
        await cloud.start()
        await loopback.start()
        self._loopback_port = loopback.port
        self.control_url = f"http://127.0.0.1:{loopback.port}{PREFIX}"
        self.proxy_port = await proxy.start(self.proxy_port)
        self._started.set()
        await self._stopping.wait()
        await proxy.stop()
        await asyncio.gather(cloud.stop(), loopback.stop())

    def _probe(self) -> None:
        if self._failure is not None:
            raise self._failure
        context = ssl.create_default_context(cafile=str(self._bundle))
        with httpx.Client(
            proxy=f"http://127.0.0.1:{self.proxy_port}", verify=context, trust_env=False
        ) as client:
            for host in (LOGIN_HOST, GRAPH_HOST):
                answer = client.get(f"https://{host}{PROBE_PATH}")
                if answer.headers.get(EMULATED[0]) != EMULATED[1]:
                    raise RuntimeError(f"{host} is not answered by the emulated tenant.")
