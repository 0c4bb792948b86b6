import type { RangeReader } from './rangeReader.ts';
import { wheelTags } from './readWheel.ts';
import type { WheelTags } from './readWheel.ts';

/** Where wheels can be listed and read in parts: a Python index, a folder. */
export interface WheelSource {
  /** Names of the wheel files of a distribution (PEP 503 name); empty when it is not there. */
  files(name: string): Promise<readonly string[]>;
  open(name: string, file: string): Promise<RangeReader>;
}

/** The same source, each list asked for once. */
export function rememberLists(source: WheelSource): WheelSource {
  const lists = new Map<string, Promise<readonly string[]>>();
  return {
    files(name) {
      const known = lists.get(name) ?? source.files(name);
      lists.set(name, known);
      return known;
    },
    open: (name, file) => source.open(name, file),
  };
}

export interface ListedWheel extends WheelTags {
  file: string;
}

/** Linux wheels of a distribution. */
export async function listWheels(source: WheelSource, name: string): Promise<ListedWheel[]> {
  const files = await source.files(name);
  return files.flatMap((file): ListedWheel[] => {
    const tags = wheelTags(file);
    return tags?.platform ? [{ ...tags, file }] : [];
  });
}

/** Opens a wheel, uses it, closes it. */
export async function withWheel<T>(
  source: WheelSource,
  wheel: { name: string; file: string },
  use: (reader: RangeReader) => Promise<T>,
): Promise<T> {
  const reader = await source.open(wheel.name, wheel.file);
  try {
    return await use(reader);
  } finally {
    await reader.close();
  }
}
