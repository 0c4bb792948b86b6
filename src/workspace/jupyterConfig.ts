import { INSIDE } from './layout.ts';

/**
 * Settings of every Jupyter in the image, whoever starts it. The token comes from JUPYTER_TOKEN, else from the token file, which is
 * made (0600) when missing: Jupyter would print a token that it generates itself, so it never gets to. An error here ends Jupyter
 * (SystemExit), since Jupyter goes on without its configuration after any other exception.
 */
export const JUPYTER_CONFIG = `# ${INSIDE.jupyterConfig}, made by rig
import os
import secrets

c = get_config()  # noqa: F821


def _read(path):
    with open(path, encoding="ascii") as file:
        return file.read().strip()


def _make(path):
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(32))


def _token():
    given = os.environ.get("JUPYTER_TOKEN")
    if given:
        return given
    path = os.environ.get("JUPYTER_TOKEN_FILE") or "${INSIDE.tokenFile}"
    try:
        if not os.path.exists(path):
            _make(path)
        token = _read(path)
    except (OSError, UnicodeDecodeError) as error:
        raise SystemExit(f"Jupyter is not started: no token ({error}). Set JUPYTER_TOKEN_FILE to a file of yours.")
    if len(token) < 16:
        raise SystemExit(f"Jupyter is not started: the token in {path} is shorter than 16 characters.")
    return token


c.IdentityProvider.token = _token()
c.ServerApp.ip = os.environ.get("RIG_JUPYTER_IP") or "127.0.0.1"
c.ServerApp.port = int(os.environ.get("RIG_JUPYTER_PORT") or 8888)
# Another port than the one that was announced would not be found.
c.ServerApp.port_retries = 0
if os.path.isdir("${INSIDE.workspace}"):
    c.ServerApp.root_dir = "${INSIDE.workspace}"
c.ServerApp.allow_root = True
c.ServerApp.open_browser = False
c.ServerApp.terminado_settings = {"shell_command": ["/bin/bash", "-l"]}
# The environment is locked: nothing to look for on the network.
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
c.LabApp.news_url = None
c.LabApp.extension_manager = "readonly"
`;
