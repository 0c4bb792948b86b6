import { INSIDE } from './layout.ts';

/**
 * Settings of every Jupyter in the image, whoever starts it. The token comes from JUPYTER_TOKEN, else from the token file, which is
 * made (0600) when missing: Jupyter would print a token that it generates itself, so it never gets to. An error here ends Jupyter
 * (SystemExit), since Jupyter goes on without its configuration after any other exception.
 */
export const JUPYTER_CONFIG = `# ${INSIDE.jupyterConfig}, made by rig
import logging
import os
import re
import secrets


def _make(path):
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(32))


def _token(path):
    given = os.environ.get("JUPYTER_TOKEN")
    if given:
        return given
    if not os.path.exists(path):
        _make(path)
    with open(path, encoding="ascii") as file:
        token = file.read().strip()
    if len(token) < 16:
        raise ValueError(f"the token in {path} is shorter than 16 characters")
    return token


def _hide(token):
    # Jupyter hides tokens in its access log; tornado's warnings show the whole address.
    pattern = re.compile(r"(token=)[^&\\s]+", re.IGNORECASE)
    make_record = logging.getLogRecordFactory()

    def factory(*arguments, **options):
        record = make_record(*arguments, **options)
        try:
            text = record.getMessage()
        except Exception:
            return record
        record.msg, record.args = pattern.sub(r"\\1[secret]", text).replace(token, "[secret]"), ()
        return record

    logging.setLogRecordFactory(factory)


def _forbid_instead_of_login_page():
    # A page without the token is 403 (with a form for it, 403.html), not a redirect to a login page that answers 200.
    from jupyter_server.base.handlers import JupyterHandler
    from tornado.web import HTTPError

    def forbid(handler):
        raise HTTPError(403)

    JupyterHandler.get_login_url = forbid


def _configure(c):
    token_file = os.environ.get("JUPYTER_TOKEN_FILE") or "${INSIDE.tokenFile}"
    c.IdentityProvider.token = _token(token_file)
    _hide(c.IdentityProvider.token)
    _forbid_instead_of_login_page()
    c.ServerApp.extra_template_paths = ["${INSIDE.templates}"]
    c.ServerApp.jinja_template_vars = {"rig_token_file": token_file}
    c.ServerApp.ip = os.environ.get("RIG_JUPYTER_IP") or "127.0.0.1"
    c.ServerApp.port = int(os.environ.get("RIG_JUPYTER_PORT") or 8888)
    # Another port than the one that was announced would not be found.
    c.ServerApp.port_retries = 0
    if os.path.isdir("${INSIDE.workspace}"):
        c.ServerApp.root_dir = "${INSIDE.workspace}"
    c.ServerApp.allow_root = True
    c.ServerApp.open_browser = False
    # Such a file would hold the token.
    c.ServerApp.no_browser_open_file = True
    c.ServerApp.terminado_settings = {"shell_command": ["/bin/bash", "-l"]}
    # Where the network is the host's, every user of the host could listen to what a kernel prints on its loopback port.
    c.KernelManager.transport_encryption = "auto"
    # The environment is locked: nothing to look for on the network.
    c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
    c.LabApp.news_url = None
    c.LabApp.extension_manager = "readonly"


try:
    _configure(get_config())  # noqa: F821
except Exception as error:
    raise SystemExit(f"Jupyter is not started: {error}. Its token comes from the file in JUPYTER_TOKEN_FILE.")
`;

/** The page of a browser that has no token yet. Jinja, over Jupyter's own page. */
export const FORBIDDEN_PAGE = `{# 403.html, made by rig #}
{% extends "page.html" %}
{% block site %}
<div id="jupyter-main-app" class="container">
  <h1>{{ status_message }}</h1>
  {% if logged_in or not login_available %}
  <p>{{ message }}</p>
  {% else %}
  <p>This environment answers to its own token only. <code>rig open</code> opens it, <code>rig token</code> prints the token;
  in a container without rig: <code>docker exec CONTAINER cat {{ rig_token_file }}</code>.</p>
  <form action="{{ base_url }}login?next={{ default_url }}" method="post">
    {{ xsrf_form_html() | safe }}
    <label for="rig-token">Token</label>
    <input type="password" id="rig-token" name="password" autocomplete="current-password" autofocus>
    <button type="submit">Open</button>
  </form>
  {% endif %}
</div>
{% endblock %}
`;

/**
 * Starts Jupyter Lab in half the time. jsonschema imports rfc3987_syntax for the format "iri" only, which builds a grammar for 1.4 s of
 * the 2.5 s that Jupyter needs to answer; here it is built when somebody asks for it.
 */
export const JUPYTER_LAUNCHER = `# rig_jupyter.py: Jupyter Lab, made by rig
import importlib
import importlib.util
import sys
import types

NAME = "rfc3987_syntax"
spec = importlib.util.find_spec(NAME)


def is_valid_syntax(*arguments, **options):
    sys.modules.pop(NAME, None)
    return importlib.import_module(NAME).is_valid_syntax(*arguments, **options)


if spec is not None:
    later = types.ModuleType(NAME)
    later.__spec__ = spec
    later.__path__ = spec.submodule_search_locations
    later.is_valid_syntax = is_valid_syntax
    sys.modules[NAME] = later

from jupyterlab.labapp import main  # noqa: E402

sys.exit(main())
`;
