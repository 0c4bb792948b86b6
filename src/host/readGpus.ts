import type { GpuFacts } from './facts.ts';
import type { Note } from './notes.ts';
import { type SmiAnswer, type SmiRow, listMig } from './nvidiaSmi.ts';
import { readNvlinks, readPeers } from './nvlink.ts';
import { type HostReader, namesIn, textOf } from './reader.ts';

const PCI = '/sys/bus/pci/devices';
const NVIDIA = '0x10de';
/** PCIe transfer rate in GT/s -> generation. */
const GENERATION: Record<string, number> = {
  '2.5': 1,
  '5': 2,
  '5.0': 2,
  '8.0': 3,
  '16.0': 4,
  '32.0': 5,
  '64.0': 6,
};

export interface PciFunction {
  bus: string;
  /** `0x030000` VGA, `0x030200` 3D, `0x068000` bridge (NVSwitch). */
  class: string;
  id: string;
}

/** NVIDIA's functions on the PCI bus. */
export async function nvidiaFunctions(reader: HostReader): Promise<PciFunction[]> {
  const found = await Promise.all(
    (await namesIn(reader, PCI)).map(async (bus) => {
      if ((await textOf(reader, `${PCI}/${bus}/vendor`))?.trim() !== NVIDIA) return [];
      const [kind, device] = await Promise.all([
        textOf(reader, `${PCI}/${bus}/class`),
        textOf(reader, `${PCI}/${bus}/device`),
      ]);
      return [{ bus, class: kind?.trim() ?? '', id: `10de:${(device?.trim() ?? '').replace(/^0x/, '')}` }];
    }),
  );
  return found.flat();
}

export const isGpu = (pci: PciFunction): boolean => /^0x030[02]/.test(pci.class);
export const isNvswitch = (pci: PciFunction): boolean => pci.class.startsWith('0x0680');

/** `00000000:01:00.0` as nvidia-smi writes it, `0000:01:00.0` as the kernel does. */
export function kernelBus(text: string): string {
  return text.toLowerCase().replace(/^0{4}([0-9a-f]{4}:)/, '$1');
}

const number = (text: string | undefined): number | null =>
  text === undefined || Number.isNaN(Number(text)) ? null : Number(text);
const switched = (text: string | undefined): boolean | null =>
  text === undefined ? null : /^enabled$/i.test(text) ? true : /^disabled$/i.test(text) ? false : null;
const mebibytes = (text: string | undefined): number | null => {
  const value = number(text);
  return value === null ? null : value * 2 ** 20;
};

/** Bits of clocks_throttle_reasons.active that mean something is wrong (nvml.h, nvmlClocksThrottleReason*). */
function throttleReason(text: string | undefined): string | null {
  const bits = Number(text);
  if (!Number.isInteger(bits)) return null;
  const names: [number, string][] = [
    [0x08, 'hardware slowdown'],
    [0x20, 'software thermal slowdown'],
    [0x40, 'hardware thermal slowdown'],
    [0x80, 'power brake'],
  ];
  const active = names.filter(([bit]) => (bits & bit) !== 0).map(([, name]) => name);
  return active.length > 0 ? active.join(', ') : null;
}

const generation = (text: string | undefined): number | null => GENERATION[text?.split(' ')[0] ?? ''] ?? null;

/** What /sys and /proc know of a card without any NVIDIA program. */
async function fromKernel(reader: HostReader, bus: string): Promise<Partial<GpuFacts>> {
  const at = `${PCI}/${bus}`;
  const [information, driver, numa, speed, maxSpeed, width, maxWidth] = await Promise.all([
    textOf(reader, `/proc/driver/nvidia/gpus/${bus}/information`),
    reader.readlink(`${at}/driver`),
    textOf(reader, `${at}/numa_node`),
    textOf(reader, `${at}/current_link_speed`),
    textOf(reader, `${at}/max_link_speed`),
    textOf(reader, `${at}/current_link_width`),
    textOf(reader, `${at}/max_link_width`),
  ]);
  const field = (name: string): string | null =>
    new RegExp(`^${name}:\\s*(.+)$`, 'm').exec(information ?? '')?.[1]?.trim() ?? null;
  const uuid = field('GPU UUID');
  const node = number(numa?.trim());
  return {
    name: field('Model'),
    uuid: uuid && !uuid.includes('?') ? uuid : null,
    boundTo: driver.ok ? (driver.value.split('/').pop() ?? null) : null,
    numaNode: node === null || node < 0 ? null : node,
    pcie: {
      generation: generation(speed),
      maxGeneration: generation(maxSpeed),
      width: number(width?.trim()),
      maxWidth: number(maxWidth?.trim()),
    },
  };
}

function merge(index: number, bus: string | null, kernel: Partial<GpuFacts>, row: SmiRow): GpuFacts {
  const pcie = {
    generation: number(row['pcie.link.gen.current']) ?? kernel.pcie?.generation ?? null,
    maxGeneration: number(row['pcie.link.gen.max']) ?? kernel.pcie?.maxGeneration ?? null,
    width: number(row['pcie.link.width.current']) ?? kernel.pcie?.width ?? null,
    maxWidth: number(row['pcie.link.width.max']) ?? kernel.pcie?.maxWidth ?? null,
  };
  const mig = switched(row['mig.mode.current']);
  return {
    index: number(row.index) ?? index,
    name: row.name ?? kernel.name ?? null,
    uuid: row.uuid ?? kernel.uuid ?? null,
    bus,
    pci: kernel.pci ?? null,
    computeCapability: /^\d+\.\d+$/.test(row.compute_cap ?? '') ? (row.compute_cap ?? null) : null,
    memory: mebibytes(row['memory.total']),
    memoryUsed: mebibytes(row['memory.used']),
    boundTo: kernel.boundTo ?? null,
    mig: mig === null ? null : { enabled: mig, instances: [] },
    persistence: switched(row['persistence_mode']),
    ecc: switched(row['ecc.mode.current']),
    uncorrectedErrors: number(row['ecc.errors.uncorrected.volatile.total']),
    pcie: Object.values(pcie).every((value) => value === null) ? null : pcie,
    numaNode: kernel.numaNode ?? null,
    nvlink: null,
    peers: {},
    temperature: number(row['temperature.gpu']),
    throttled: throttleReason(row['clocks_throttle_reasons.active']),
    computeMode: row.compute_mode ?? null,
  };
}

/** Cards by the PCI bus, the driver's own list and nvidia-smi, merged by bus address. */
export async function readGpus(
  reader: HostReader,
  note: Note,
  from: { functions: PciFunction[]; smi: SmiAnswer },
): Promise<GpuFacts[]> {
  const cards = from.functions.filter(isGpu);
  const listed = (await namesIn(reader, '/proc/driver/nvidia/gpus')).map((name) => name.toLowerCase());
  const rows = new Map(from.smi.rows.map((row) => [kernelBus(row['pci.bus_id'] ?? ''), row]));
  const buses = [...new Set([...cards.map((card) => card.bus), ...listed, ...rows.keys()])].sort();
  const gpus = await Promise.all(
    buses.map(async (bus, index) => {
      const kernel = await fromKernel(reader, bus);
      const pci = cards.find((card) => card.bus === bus)?.id ?? null;
      return merge(index, bus, { ...kernel, pci }, rows.get(bus) ?? {});
    }),
  );
  gpus.sort((a, b) => a.index - b.index);
  if (gpus.some((gpu) => gpu.mig?.enabled)) {
    const instances = await listMig(reader);
    for (const gpu of gpus) {
      if (gpu.mig?.enabled) gpu.mig.instances = instances.filter((each) => each.gpu === gpu.index);
    }
  }
  if (gpus.length > 1 && from.smi.state === 'ok') {
    const [links, peers] = await Promise.all([readNvlinks(reader), readPeers(reader)]);
    for (const gpu of gpus) {
      gpu.nvlink = links.get(gpu.index) ?? null;
      gpu.peers = peers.get(gpu.index) ?? {};
    }
  }
  if (gpus.length > 0 && from.smi.state !== 'ok') {
    note(
      'gpus',
      from.smi.message ?? 'nvidia-smi is not there: memory, compute capability and health are unknown',
    );
  }
  return gpus;
}
