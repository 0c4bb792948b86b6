import { closeSync, openSync, readSync } from 'node:fs';

/** What ldconfig wants to know of a shared library. */
export interface SharedLibrary {
  /** e_machine of the ELF header. */
  machine: number;
  soname: string | undefined;
}

const LOAD = 1;
const DYNAMIC = 2;
const DT_STRTAB = 5;
const DT_SONAME = 14;

interface Segment {
  type: number;
  offset: number;
  address: number;
  size: number;
}

function segments(header: Buffer, read: (at: number, size: number) => Buffer): Segment[] {
  const entry = header.readUInt16LE(54);
  const count = header.readUInt16LE(56);
  const table = read(Number(header.readBigUInt64LE(32)), entry * count);
  return Array.from({ length: Math.floor(table.length / entry) }, (_, index) => {
    const at = index * entry;
    return {
      type: table.readUInt32LE(at),
      offset: Number(table.readBigUInt64LE(at + 8)),
      address: Number(table.readBigUInt64LE(at + 16)),
      size: Number(table.readBigUInt64LE(at + 32)),
    };
  });
}

function sonameIn(parts: Segment[], read: (at: number, size: number) => Buffer): string | undefined {
  const dynamic = parts.find((part) => part.type === DYNAMIC);
  if (!dynamic) return undefined;
  const table = read(dynamic.offset, dynamic.size);
  const value = (tag: number): number | undefined => {
    for (let at = 0; at + 16 <= table.length; at += 16) {
      if (table.readBigUInt64LE(at) === BigInt(tag)) return Number(table.readBigUInt64LE(at + 8));
    }
    return undefined;
  };
  const strings = value(DT_STRTAB);
  const name = value(DT_SONAME);
  if (strings === undefined || name === undefined) return undefined;
  const home = parts.find(
    (part) => part.type === LOAD && strings >= part.address && strings < part.address + part.size,
  );
  if (!home) return undefined;
  const bytes = read(home.offset + strings - home.address + name, 256);
  return bytes.toString('latin1', 0, Math.max(0, bytes.indexOf(0)));
}

/** Reads the few bytes of a 64-bit little-endian ELF file that name it; undefined for anything else, a linker script for one (elf(5)). */
export function readSharedLibrary(path: string): SharedLibrary | undefined {
  const file = openSync(path, 'r');
  try {
    const read = (at: number, size: number): Buffer => {
      const bytes = Buffer.alloc(size);
      return bytes.subarray(0, readSync(file, bytes, 0, size, at));
    };
    const header = read(0, 64);
    if (header.length < 64 || header.toString('latin1', 0, 6) !== '\x7fELF\x02\x01') return undefined;
    const parts = segments(header, read);
    return { machine: header.readUInt16LE(18), soname: sonameIn(parts, read) };
  } finally {
    closeSync(file);
  }
}
