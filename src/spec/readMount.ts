import { posix } from 'node:path';
import type { Reading } from './reading.ts';

/** A mount as written: the source may be relative or begin with `~`. */
export interface WrittenMount {
  source: string;
  /** Absolute and normalised. */
  target: string;
  readonly: boolean;
}

/** Folders of the image that a mount would break. */
const OWN = [
  '/proc',
  '/sys',
  '/dev',
  '/opt/torchrig',
  '/usr',
  '/etc',
  '/bin',
  '/sbin',
  '/lib',
  '/lib64',
  '/var',
  '/run',
];

/** A folder or file of the host, as written. */
export function readHostPath(text: string): Reading<string> {
  if (text.trim() === '') return { problem: 'is empty', suggestion: './workspace' };
  if (/[\0\r\n]/.test(text)) return { problem: 'holds a line break or a NUL character' };
  if (/^~[^/]/.test(text)) return { problem: 'names the home of another user', suggestion: 'its full path' };
  return { value: text };
}

/** An absolute path inside the environment that may be mounted over. */
export function readTarget(text: string): Reading<string> {
  if (/[\0\r\n]/.test(text)) return { problem: 'holds a line break or a NUL character' };
  if (!text.startsWith('/')) return { problem: 'is not an absolute path', suggestion: `/workspace/data` };
  const path = posix.normalize(text).replace(/(.)\/+$/, '$1');
  if (
    path === '/' ||
    OWN.some((own) => path === own || (own === '/opt/torchrig' && path.startsWith(`${own}/`)))
  )
    return { problem: 'belongs to the image', suggestion: '/workspace/data' };
  if (/^\/(proc|sys|dev)\//.test(path))
    return { problem: 'belongs to the kernel', suggestion: '/workspace/data' };
  if (path === '/workspace' || path === '/root/workspace')
    return {
      problem: 'is the workspace; its folder is set by the key workspace',
      suggestion: '/workspace/data',
    };
  return { value: path };
}

/** `SOURCE:TARGET[:ro|:rw]`, as docker's -v. */
export function readMount(text: string): Reading<WrittenMount> {
  const parts = text.split(':');
  const mode = parts.length > 2 ? parts.at(-1) : undefined;
  const flag = mode === 'ro' || mode === 'rw' ? parts.pop() : undefined;
  const target = parts.pop();
  if (parts.length !== 1 || target === undefined)
    return { problem: 'is not a mount', suggestion: '/data:/workspace/data:ro' };
  const from = readHostPath(parts[0] ?? '');
  if ('problem' in from) return from;
  const to = readTarget(target);
  if ('problem' in to) return to;
  return { value: { source: from.value, target: to.value, readonly: flag === 'ro' } };
}

/** A published port: `6006` or `HOST:CONTAINER`. */
export function readPublished(text: string): Reading<{ host: number; container: number }> {
  const match = /^(\d{1,5})(?::(\d{1,5}))?$/.exec(text.trim());
  const host = Number(match?.[1] ?? 0);
  const container = Number(match?.[2] ?? match?.[1] ?? 0);
  if (isPort(host) && isPort(container)) return { value: { host, container } };
  return { problem: 'is not a port mapping', suggestion: '6006:6006 (host:inside)' };
}

function isPort(port: number): boolean {
  return port >= 1 && port <= 65_535;
}
