import type { EngineFacts, HostFacts } from '../../host/index.ts';
import { type Finding, finding } from '../finding.ts';
import { type HostCheck, ownGpus } from './check.ts';

const engine = (host: HostFacts, name: EngineFacts['name']): EngineFacts | undefined =>
  host.engines.find((each) => each.name === name);
const answers = (host: HostFacts, name: EngineFacts['name']): boolean => engine(host, name)?.state === 'ok';

const namespaces: HostCheck = (host) => {
  if (host.system.os !== 'linux' || host.namespaces.usable !== false) return [];
  const other = (['docker', 'podman'] as const).find((name) => answers(host, name));
  return [
    finding('namespaces', 'warn', {
      title: other
        ? `namespaces are forbidden here: rig uses ${other}`
        : 'namespaces are forbidden here: rig falls back to proot, which isolates less and starts slower',
      evidence: host.namespaces.forbiddenBy ?? 'no reason given',
      remedy: host.namespaces.remedy,
    }),
  ];
};

const idRange: HostCheck = (host) => {
  if (host.namespaces.usable !== true || host.namespaces.idRange) return [];
  return [
    finding('no-id-range', 'info', {
      title: 'one user id inside only: apt-get works through a filter that pretends ownership',
      evidence: 'no entry in /etc/subuid, or no newuidmap',
      remedy:
        'sudo apt-get install uidmap && sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $USER',
    }),
  ];
};

const docker: HostCheck = (host) => {
  const found: Finding[] = [];
  const { state, message } = engine(host, 'docker') ?? { state: 'missing', message: null };
  if (state === 'silent') {
    found.push(
      finding('docker-silent', 'info', {
        title: 'docker is installed, but its daemon does not answer',
        evidence: message ?? '',
        remedy: /permission denied/i.test(message ?? '')
          ? 'sudo usermod -aG docker $USER, then log in again; or rig up --engine sandbox'
          : 'sudo systemctl start docker; or rig up --engine sandbox',
      }),
    );
  }
  const { dockerRuntime, cdi, version } = host.toolkit;
  if (state === 'ok' && ownGpus(host).length > 0 && dockerRuntime === false && cdi.length === 0) {
    found.push(
      finding('docker-no-nvidia', 'warn', {
        title: 'docker cannot give GPUs to containers',
        evidence: `no runtime named nvidia, no CDI file; toolkit ${version ?? 'not installed'}`,
        remedy: version
          ? 'sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker'
          : 'install nvidia-container-toolkit, then: sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker',
      }),
    );
  }
  return found;
};

const cdi: HostCheck = (host) => {
  const driver = host.driver.kernel;
  if (ownGpus(host).length === 0 || driver === null) return [];
  const found: Finding[] = [];
  const stale = host.toolkit.cdi.filter((each) => each.driver !== null && each.driver !== driver);
  const generate = 'sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml';
  if (stale.length > 0) {
    found.push(
      finding('cdi-stale', 'warn', {
        title: 'a CDI file names libraries of another driver',
        evidence: stale.map((each) => `${each.file}: ${each.driver}, loaded ${driver}`).join('; '),
        remedy: generate,
      }),
    );
  }
  if (answers(host, 'podman') && !answers(host, 'docker') && host.toolkit.cdi.length === 0) {
    found.push(
      finding('cdi-missing', 'warn', {
        title: 'podman cannot give GPUs to containers',
        evidence: 'no file in /etc/cdi or /var/run/cdi describes nvidia.com/gpu',
        remedy: host.toolkit.version ? generate : `install nvidia-container-toolkit, then: ${generate}`,
      }),
    );
  }
  if (answers(host, 'podman') && host.system.selinux === 'enforcing') {
    found.push(
      finding('selinux', 'info', {
        title: 'SELinux may keep containers from the GPU’s devices',
        evidence: 'SELinux is enforcing',
        remedy: 'sudo setsebool -P container_use_devices on',
      }),
    );
  }
  return found;
};

export const engineChecks: HostCheck = (host, context) =>
  [namespaces, docker, cdi, idRange].flatMap((check) => check(host, context));
