import type { SystemFacts } from './facts.ts';
import type { Note } from './notes.ts';
import { type HostReader, namesIn, textOf } from './reader.ts';

const ARCH: Record<string, string> = { x64: 'x86_64', arm64: 'aarch64' };
const PLATFORM: Record<string, 'linux/amd64' | 'linux/arm64'> = {
  x86_64: 'linux/amd64',
  aarch64: 'linux/arm64',
};
const EFI_SECURE_BOOT = '/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c';

/** os-release(5). */
function osRelease(text: string): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const line of text.split('\n')) {
    const match = /^(\w+)=["']?(.*?)["']?$/.exec(line.trim());
    if (match?.[1]) fields[match[1]] = match[2] ?? '';
  }
  return fields;
}

async function readGlibc(reader: HostReader, note: Note): Promise<string | null> {
  const conf = await reader.exec('getconf', ['GNU_LIBC_VERSION'], { timeout: 2000 });
  const own = /glibc (\d+\.\d+)/.exec(conf.stdout)?.[1];
  if (own) return own;
  const ldd = await reader.exec('ldd', ['--version'], { timeout: 2000 });
  const text = `${ldd.stdout}\n${ldd.stderr}`;
  if (/musl/i.test(text)) return null;
  const version = /^ldd \(.*\) (\d+\.\d+)/m.exec(text)?.[1];
  if (!version) note('system.glibc', 'neither getconf nor ldd tells the version of the C library');
  return version ?? null;
}

/** WSL names itself in the kernel release: `4.4.0-19041-Microsoft` is 1, `5.15.153.1-microsoft-standard-WSL2` is 2. */
function readWsl(kernel: string): 1 | 2 | null {
  if (!/microsoft/i.test(kernel)) return null;
  return kernel.endsWith('-Microsoft') && kernel.startsWith('4.4.') ? 1 : 2;
}

async function readVirtualMachine(reader: HostReader, wsl: boolean): Promise<string | null> {
  if (wsl) return 'hyper-v';
  const [vendor, product, hypervisor, cpu] = await Promise.all([
    textOf(reader, '/sys/class/dmi/id/sys_vendor'),
    textOf(reader, '/sys/class/dmi/id/product_name'),
    textOf(reader, '/sys/hypervisor/type'),
    textOf(reader, '/proc/cpuinfo'),
  ]);
  const names = `${vendor ?? ''} ${product ?? ''}`;
  const known: [RegExp, string][] = [
    [/amazon ec2/i, 'amazon'],
    [/google/i, 'google'],
    [/vmware/i, 'vmware'],
    [/virtualbox|innotek/i, 'virtualbox'],
    [/microsoft.*virtual machine/i, 'hyper-v'],
    [/xen/i, 'xen'],
    [/qemu|kvm|openstack|alibaba|tencent|huawei/i, 'kvm'],
  ];
  for (const [pattern, name] of known) if (pattern.test(names)) return name;
  if (hypervisor) return hypervisor.trim();
  return /^flags\s*:.*\bhypervisor\b/m.test(cpu ?? '') ? 'unnamed' : null;
}

async function readSecureBoot(reader: HostReader, note: Note): Promise<boolean | null> {
  if ((await namesIn(reader, '/sys/firmware/efi')).length === 0) return null;
  const look = await reader.readFile(EFI_SECURE_BOOT);
  // Four bytes of attributes, then one of data (UEFI specification, 3.3).
  if (look.ok) return look.value.codePointAt(look.value.length - 1) === 1;
  if (look.why !== 'missing') note('system.secureBoot', look.message);
  return null;
}

async function readSelinux(reader: HostReader): Promise<'enforcing' | 'permissive' | null> {
  const text = await textOf(reader, '/sys/fs/selinux/enforce');
  return text === undefined ? null : text.trim() === '1' ? 'enforcing' : 'permissive';
}

export async function readSystem(reader: HostReader, note: Note): Promise<SystemFacts> {
  const { platform, arch, uid } = reader.identity;
  const [release, kernelText, glibc, secureBoot, selinux, tree] = await Promise.all([
    textOf(reader, '/etc/os-release'),
    textOf(reader, '/proc/sys/kernel/osrelease'),
    readGlibc(reader, note),
    readSecureBoot(reader, note),
    readSelinux(reader),
    textOf(reader, '/proc/device-tree/model'),
  ]);
  const distro = osRelease(release ?? (await textOf(reader, '/usr/lib/os-release')) ?? '');
  const kernel = kernelText?.trim() ?? null;
  if (kernel === null) note('system.kernel', '/proc/sys/kernel/osrelease cannot be read');
  const machine = ARCH[arch] ?? arch;
  const wsl = readWsl(kernel ?? '');
  const model = (tree ?? '').replaceAll('\0', '').trim();
  return {
    os: platform === 'linux' || platform === 'darwin' ? platform : 'other',
    arch: machine,
    platform: PLATFORM[machine] ?? null,
    kernel,
    distro: distro['ID'] ?? null,
    distroVersion: distro['VERSION_ID'] ?? null,
    prettyName: distro['PRETTY_NAME'] ?? null,
    glibc,
    wsl,
    virtualMachine: await readVirtualMachine(reader, wsl !== null),
    jetson: /jetson|tegra/i.test(model) ? model : null,
    secureBoot,
    selinux,
    uid,
  };
}
