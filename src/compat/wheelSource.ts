import { EXIT, RigError } from '../kernel/index.ts';
import { openRemoteFile } from '../sources/index.ts';
import type { IndexFile, PythonIndex, RemoteFile } from '../sources/index.ts';
import type { Http } from '../store/index.ts';
import { wheelTags } from './readWheel.ts';
import type { WheelTags } from './readWheel.ts';

/** Where wheels can be listed and read in parts: a Python index, a folder. */
export interface WheelSource {
  /** Names of the wheel files of a distribution (PEP 503 name); empty when it is not there. */
  files(name: string): Promise<readonly string[]>;
  open(name: string, file: string): Promise<RemoteFile>;
}

/** The package indexes of this machine as a source of wheels; of several places that list a file, a local one is read. */
export function indexWheelSource(index: PythonIndex, http: Http): WheelSource {
  const listed = async (name: string): Promise<IndexFile[]> =>
    (await index.files(name)).filter((entry) => entry.file.endsWith('.whl') && !entry.yanked);
  return {
    files: async (name) => [...new Set((await listed(name)).map((entry) => entry.file))],
    async open(name, file) {
      const places = (await listed(name)).filter((entry) => entry.file === file);
      const place = places.find((entry) => entry.url.startsWith('file:')) ?? places[0];
      if (place) return openRemoteFile(place.location, http);
      throw new RigError('RIG-COMPAT-013', `no package source lists ${file}`, { exitCode: EXIT.source });
    },
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
  use: (reader: RemoteFile) => Promise<T>,
): Promise<T> {
  const reader = await source.open(wheel.name, wheel.file);
  try {
    return await use(reader);
  } finally {
    await reader.close();
  }
}
