import type { HostFacts } from '../../host/index.ts';
import { type Finding, finding } from '../finding.ts';
import { type HostCheck, ownGpus } from './check.ts';

const INSTALL: Record<string, string> = {
  ubuntu: 'sudo ubuntu-drivers install && sudo reboot',
  debian: 'sudo apt-get install nvidia-driver firmware-misc-nonfree && sudo reboot   (component non-free)',
  fedora: 'sudo dnf install akmod-nvidia && sudo reboot   (repository RPM Fusion)',
  arch: 'sudo pacman -S nvidia-open && sudo reboot',
};
const GUIDE = 'https://docs.nvidia.com/datacenter/tesla/driver-installation-guide/';

const installCommand = (host: HostFacts): string =>
  INSTALL[host.system.distro ?? ''] ?? `install the NVIDIA driver (${GUIDE}) and restart`;

const cards = (host: HostFacts): string =>
  ownGpus(host)
    .map((gpu) => gpu.name ?? `${gpu.pci ?? 'NVIDIA GPU'} at ${gpu.bus ?? 'unknown address'}`)
    .join(', ');

/** A card is there and no NVIDIA module drives it: why? */
function withoutModule(host: HostFacts): Finding[] {
  const evidence = `${cards(host)}; no NVIDIA kernel module is loaded`;
  if (host.unknown['driver.kernel']) {
    return [
      finding('driver-unknown', 'warn', {
        title: 'it cannot be found out whether an NVIDIA driver is loaded',
        evidence: host.unknown['driver.kernel'],
        remedy: 'nvidia-smi   (as a user who may read /sys/module/nvidia)',
      }),
    ];
  }
  if (host.driver.nouveau || ownGpus(host).some((gpu) => gpu.boundTo === 'nouveau')) {
    return [
      finding('nouveau', 'fail', {
        title: 'nouveau drives the GPU: CUDA needs the NVIDIA driver',
        evidence: `${cards(host)}; module nouveau is loaded`,
        remedy: `echo "blacklist nouveau" | sudo tee /etc/modprobe.d/blacklist-nouveau.conf; ${installCommand(host)}`,
      }),
    ];
  }
  if (host.driver.installedNotLoaded && host.system.secureBoot === true) {
    return [
      finding('secure-boot', 'fail', {
        title: 'Secure Boot keeps the NVIDIA module from being loaded',
        evidence: `${evidence}, though it is built for kernel ${host.system.kernel ?? ''}; Secure Boot is on`,
        remedy:
          'sudo mokutil --import /var/lib/dkms/mok.pub && sudo reboot   (enrol the key in the blue screen), or turn Secure Boot off',
      }),
    ];
  }
  if (host.driver.installedNotLoaded) {
    return [
      finding('driver-not-loaded', 'fail', {
        title: 'the NVIDIA driver is installed but not loaded',
        evidence: `${evidence}, though it is built for kernel ${host.system.kernel ?? ''}`,
        remedy: 'sudo modprobe nvidia; its words are in: sudo dmesg | grep -i nvrm',
        docs: GUIDE,
      }),
    ];
  }
  return [
    finding('driver-missing', 'fail', {
      title: 'no NVIDIA driver for this kernel',
      evidence,
      remedy: installCommand(host),
      docs: GUIDE,
    }),
  ];
}

/** Kernel module and libraries must be of one version. */
function versionsDiffer(host: HostFacts): Finding[] {
  const { kernel, userMode, nvml, libcuda } = host.driver;
  if (host.system.wsl !== null || libcuda?.includes('/compat/')) return [];
  const others = [...new Set([userMode, nvml])].filter((version) => version !== null && version !== kernel);
  if (kernel === null || others.length === 0) return [];
  return [
    finding('driver-mismatch', 'fail', {
      title: 'the driver’s libraries are not of the version of its kernel module',
      evidence: `module ${kernel}, libraries ${others.join(' and ')}`,
      remedy: 'sudo reboot   (or unload and load the nvidia modules); then hold the driver’s packages',
      docs: 'https://github.com/NVIDIA/nvidia-docker/issues/365',
    }),
  ];
}

function libraries(host: HostFacts): Finding[] {
  const { kernel, libcuda, compatLibraries } = host.driver;
  if (libcuda?.includes('/stubs/')) {
    return [
      finding('libcuda-stub', 'fail', {
        title: 'the stub of libcuda is found before the driver’s',
        evidence: libcuda,
        remedy: 'take the stubs folder out of LD_LIBRARY_PATH and /etc/ld.so.conf.d, then: sudo ldconfig',
      }),
    ];
  }
  const found: Finding[] = [];
  if (compatLibraries.length > 0) {
    const geforce = host.gpus.some((gpu) => /geforce|rtx \d{4}\b/i.test(gpu.name ?? ''));
    found.push(
      finding('compat-libraries', geforce ? 'fail' : 'warn', {
        title: geforce
          ? 'forward-compatibility libraries do not work on GeForce cards (error 804)'
          : 'forward-compatibility libraries are on the loader’s path',
        evidence: compatLibraries.join(', '),
        remedy:
          'take /usr/local/cuda/compat out of LD_LIBRARY_PATH and /etc/ld.so.conf.d, then: sudo ldconfig',
      }),
    );
  }
  if (kernel !== null && libcuda === null) {
    found.push(
      finding('libcuda-missing', 'fail', {
        title: 'the kernel module is loaded, but libcuda is not found',
        evidence: `module ${kernel}; no libcuda.so.1 in the loader’s cache or the usual folders`,
        remedy:
          host.container.kind === null
            ? `install the user-mode part of driver ${kernel}, then: sudo ldconfig`
            : 'start this container with its GPUs: --gpus all, or --device nvidia.com/gpu=all',
      }),
    );
  }
  return found;
}

/** A container shows the driver of its host in /proc and /sys, whether it was given the devices or not. */
function withoutDevices(host: HostFacts): Finding[] {
  const { kernel, devices } = host.driver;
  if (host.container.kind === null || devices.some((path) => /nvidia\d+$|dxg$/.test(path))) return [];
  return [
    finding('container-without-devices', 'fail', {
      title: 'this container was not given its GPUs',
      evidence: `driver ${kernel} is loaded outside; no /dev/nvidia0 in here (${host.container.kind})`,
      remedy:
        'docker run --gpus all ..., podman run --device nvidia.com/gpu=all ..., Kubernetes: resources.limits nvidia.com/gpu',
    }),
  ];
}

/** Does the driver answer? */
function answers(host: HostFacts, known: readonly Finding[]): Finding[] {
  const { kernel, smi } = host.driver;
  if (kernel === null || known.some(({ severity }) => severity === 'fail')) return [];
  if (smi.state === 'timeout') {
    return [
      finding('driver-hangs', 'fail', {
        title: 'the driver does not answer',
        evidence: smi.message ?? 'nvidia-smi timed out',
        remedy: 'sudo dmesg | grep -i xid   shows why; mostly only a restart helps',
      }),
    ];
  }
  if (smi.state === 'failed') {
    return [
      finding('smi-failed', 'fail', {
        title: 'nvidia-smi fails',
        evidence: smi.message ?? '',
        remedy: 'nvidia-smi 2>&1 | rig explain -',
      }),
    ];
  }
  return [];
}

/** A driver that hangs may hide a card; one that only fails has none to speak of. */
function hangsWithoutCard({ driver: { smi } }: HostFacts): Finding[] {
  if (smi.state !== 'timeout') return [];
  return [
    finding('driver-hangs', 'warn', {
      title: 'no GPU is seen, but nvidia-smi is there and does not answer',
      evidence: smi.message ?? 'nvidia-smi timed out',
      remedy: 'sudo dmesg | grep -i nvrm   shows what the driver is waiting for',
    }),
  ];
}

function fabric(host: HostFacts): Finding[] {
  if (host.driver.nvswitches === 0 || host.driver.fabricManager !== 'absent' || host.gpus.length < 2)
    return [];
  return [
    finding('fabric-manager', 'fail', {
      title: 'the NVSwitch fabric has no manager: CUDA will fail with error 802',
      evidence: `${host.driver.nvswitches} NVSwitches, no process nv-fabricmanager`,
      remedy: 'sudo systemctl enable --now nvidia-fabricmanager   (exactly the driver’s version)',
    }),
  ];
}

export const driverChecks: HostCheck = (host) => {
  if (host.system.jetson !== null) {
    return [
      finding('jetson', 'fail', {
        title: 'Jetson needs NVIDIA’s own build of torch',
        evidence: host.system.jetson,
        remedy:
          'use the wheels or containers of NVIDIA’s Jetson releases; rig’s images are for servers and PCs',
      }),
    ];
  }
  if (ownGpus(host).length === 0 && host.driver.kernel === null) {
    const hidden = host.unknown['driver.kernel'];
    if (hidden) return withoutModule(host);
    return [
      ...hangsWithoutCard(host),
      finding('no-gpu', 'info', {
        title:
          host.gpus.length > 0
            ? 'the GPUs here are given to virtual machines'
            : 'no NVIDIA GPU: torch runs on the CPU',
        evidence: 'nothing on the PCI bus, in /proc/driver/nvidia or under /dev',
        remedy: null,
      }),
    ];
  }
  if (host.driver.kernel === null) return withoutModule(host);
  const empty = withoutDevices(host);
  if (empty.length > 0) return empty;
  const known = [...versionsDiffer(host), ...libraries(host)];
  return [...known, ...answers(host, known), ...fabric(host)];
};
