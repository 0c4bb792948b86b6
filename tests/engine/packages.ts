/** What people do in a container, as one script each; every line must succeed. */
export const PIP = `set -e
mkdir -p /tmp/w && cd /tmp/w
python3 - <<'EOF'
import zipfile
for version in ('1.0', '2.0'):
    with zipfile.ZipFile('/tmp/w/rigpure-%s-py3-none-any.whl' % version, 'w') as wheel:
        wheel.writestr('rigpure.py', 'version = "%s"\\n' % version)
        info = 'rigpure-%s.dist-info/' % version
        wheel.writestr(info + 'METADATA', 'Metadata-Version: 2.1\\nName: rigpure\\nVersion: %s\\n' % version)
        wheel.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
        wheel.writestr(info + 'RECORD', '')
EOF
pip install -q --root-user-action=ignore --break-system-packages --no-index ./rigpure-1.0-py3-none-any.whl
pip install -q --root-user-action=ignore --break-system-packages --no-index ./rigpure-2.0-py3-none-any.whl
cd / && python3 -c 'import rigpure; print("pip", rigpure.version)'
`;

export const APT = `set -e
export DEBIAN_FRONTEND=noninteractive
apt-get -qq -o Acquire::Check-Valid-Until=false update
apt-get -qq install -y --no-install-recommends at sudo >/tmp/apt.log 2>&1 || { cat /tmp/apt.log >&2; exit 1; }
apt-get -qq install -y --reinstall bsdutils >/tmp/apt.log 2>&1 || { cat /tmp/apt.log >&2; exit 1; }
test -z "$(dpkg --audit)"
useradd -m alice && chown alice: /srv
su alice -c true && sudo -u alice true
echo apt $(dpkg-query -W -f '\${Status}' at)
`;

export const KEPT = `python3 -c 'import rigpure; print(rigpure.version)'; at -V 2>&1 | grep -o 'at version'; id -un alice`;
