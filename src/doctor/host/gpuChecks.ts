import { type Finding, finding } from '../finding.ts';
import { type HostCheck, gigabytes } from './check.ts';

/** Reports of the hardware itself; others (13, 31, 43, 45) come from programs (NVIDIA, "Xid Errors"). */
const HARDWARE_XID = new Set([48, 62, 63, 64, 74, 79, 94, 95, 119, 120, 140]);

const xid: HostCheck = (host) => {
  const lines = host.xid ?? [];
  const hardware = lines.filter(({ code }) => HARDWARE_XID.has(code));
  const shown = hardware.at(-1) ?? lines.at(-1);
  if (!shown) return [];
  return [
    finding('xid', hardware.length > 0 ? 'fail' : 'warn', {
      title:
        hardware.length > 0
          ? `the GPU reported a hardware fault (Xid ${shown.code})`
          : `programs made the GPU report errors (Xid ${shown.code})`,
      evidence: `${lines.length} reports; ${shown.line}`,
      remedy:
        hardware.length > 0
          ? 'restart; if it comes back: check power, seat and cooling, or have the card exchanged'
          : 'mostly a fault of a program: run it with CUDA_LAUNCH_BLOCKING=1',
      docs: 'https://docs.nvidia.com/deploy/xid-errors/',
    }),
  ];
};

const health: HostCheck = (host) =>
  host.gpus.flatMap((gpu): Finding[] => {
    const name = `GPU ${gpu.index}${gpu.name ? ` (${gpu.name})` : ''}`;
    const found: Finding[] = [];
    if ((gpu.uncorrectedErrors ?? 0) > 0) {
      found.push(
        finding('gpu-ecc', 'fail', {
          title: `${name} has uncorrectable memory errors`,
          evidence: `${gpu.uncorrectedErrors} since the driver was loaded`,
          remedy: `nvidia-smi -q -d ECC,ROW_REMAPPER -i ${gpu.index}; restart so that rows are remapped`,
        }),
      );
    }
    if (gpu.throttled !== null) {
      found.push(
        finding('gpu-throttled', 'warn', {
          title: `${name} is slowed down`,
          evidence: `${gpu.throttled}${gpu.temperature === null ? '' : `, ${gpu.temperature} °C`}`,
          remedy: 'check cooling and power; nvidia-smi -q -d PERFORMANCE',
        }),
      );
    }
    const { width, maxWidth } = gpu.pcie ?? { width: null, maxWidth: null };
    if (width !== null && maxWidth !== null && width < maxWidth) {
      found.push(
        finding('gpu-pcie-width', width * 4 <= maxWidth ? 'warn' : 'info', {
          title: `${name} has ${width} of ${maxWidth} PCIe lanes`,
          evidence: `link width x${width}, the card can x${maxWidth}`,
          remedy:
            'another slot, or a riser that carries all lanes; it matters when data goes to the card often',
        }),
      );
    }
    if (gpu.memory !== null && (gpu.memoryUsed ?? 0) > gpu.memory * 0.3) {
      found.push(
        finding('gpu-busy', 'warn', {
          title: `${name} is used by others`,
          evidence: `${gigabytes(gpu.memoryUsed ?? 0)} of ${gigabytes(gpu.memory)} taken`,
          remedy: 'nvidia-smi shows by whom; give rig other cards: rig up --gpus 1',
        }),
      );
    }
    if (/prohibited/i.test(gpu.computeMode ?? '')) {
      found.push(
        finding('gpu-prohibited', 'fail', {
          title: `${name} refuses computations`,
          evidence: `compute mode ${gpu.computeMode}`,
          remedy: `sudo nvidia-smi -i ${gpu.index} -c DEFAULT`,
        }),
      );
    }
    if (gpu.mig?.enabled && gpu.mig.instances.length === 0) {
      found.push(
        finding('mig-empty', 'fail', {
          title: `${name} is in MIG mode and has no instance`,
          evidence: 'nvidia-smi -L lists no MIG device',
          remedy: `sudo nvidia-smi mig -i ${gpu.index} -cgi 0 -C, or leave MIG: sudo nvidia-smi -i ${gpu.index} -mig 0`,
        }),
      );
    } else if (gpu.mig?.enabled) {
      found.push(
        finding('mig', 'info', {
          title: `${name} is cut into ${gpu.mig.instances.length} MIG instances: one process can use one of them`,
          evidence: gpu.mig.instances.map(({ profile }) => profile).join(', '),
          remedy: `gpus: [${gpu.mig.instances[0]?.uuid}] in torchrig.yaml`,
        }),
      );
    }
    return found;
  });

const mixed: HostCheck = (host) => {
  const kinds = new Set(host.gpus.map((gpu) => gpu.name ?? gpu.pci).filter((kind) => kind !== null));
  if (kinds.size < 2) return [];
  return [
    finding('gpus-differ', 'info', {
      title: 'GPUs of different kinds: training over all of them runs at the pace of the slowest',
      evidence: [...kinds].join(', '),
      remedy: 'choose equal ones: rig up --gpus 0',
    }),
  ];
};

/** Some cards leave links unused by design: only a card with fewer than another of its kind beside it stands out. */
const nvlinks: HostCheck = (host) =>
  host.gpus.flatMap((gpu): Finding[] => {
    const { nvlink } = gpu;
    if (nvlink === null) return [];
    const alike = host.gpus.filter(({ name }) => name === gpu.name);
    const most = Math.max(...alike.map((each) => each.nvlink?.active ?? 0));
    if (nvlink.active >= most) return [];
    return [
      finding('nvlink-down', 'warn', {
        title: `GPU ${gpu.index}${gpu.name ? ` (${gpu.name})` : ''} has ${nvlink.active} of ${most} NVLinks`,
        evidence: `${nvlink.links - nvlink.active} links of ${nvlink.links} are not active; others of its kind here have ${most}`,
        remedy: `restart; if it stays: nvidia-smi nvlink -e -i ${gpu.index} shows the links' errors, for who maintains the machine`,
      }),
    ];
  });

const unread: HostCheck = (host) => {
  const why = host.unknown['gpus'];
  if (!why || host.driver.libcuda === null || host.driver.smi.state !== 'missing') return [];
  return [
    finding('gpus-unread', 'warn', {
      title: 'memory, compute capability and health of the GPUs are unknown',
      evidence: why,
      remedy: 'install the nvidia-smi of the driver (package nvidia-utils or nvidia-smi)',
    }),
  ];
};

export const gpuChecks: HostCheck = (host, context) =>
  [xid, health, nvlinks, mixed, unread].flatMap((check) => check(host, context));
