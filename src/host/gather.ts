import { homeRoot } from '../kernel/index.ts';
import { readCgroup } from './cgroup.ts';
import type { HostFacts } from './facts.ts';
import { localReader } from './localReader.ts';
import { newNotes } from './notes.ts';
import { askNvidiaSmi } from './nvidiaSmi.ts';
import { readContainer } from './readContainer.ts';
import { readCpu, readLimits, readMemory } from './readCpu.ts';
import { readDriver } from './readDriver.ts';
import { readEngines } from './readEngines.ts';
import { nvidiaFunctions, readGpus } from './readGpus.ts';
import { readNamespaces } from './readNamespaces.ts';
import type { HostReader } from './reader.ts';
import { readDisk, readShm } from './readStorage.ts';
import { readSystem } from './readSystem.ts';
import { readXid } from './readXid.ts';

/**
 * Everything rig knows of the machine, read side by side: 0.1-0.3 s, at most about 2 s when a program hangs.
 * Never throws for a strange machine: what cannot be found out is named in `unknown` with the reason.
 */
export async function gatherHostFacts(
  options: { reader?: HostReader; home?: string } = {},
): Promise<HostFacts> {
  const started = performance.now();
  const reader = options.reader ?? localReader();
  const { note, unknown } = newNotes();
  const nvidia = Promise.all([nvidiaFunctions(reader), askNvidiaSmi(reader)]).then(
    async ([functions, smi]) => {
      const [driver, gpus] = await Promise.all([
        readDriver(reader, note, { functions, smi }),
        readGpus(reader, note, { functions, smi }),
      ]);
      return {
        driver,
        gpus,
        xid: driver.kernel === null && gpus.length === 0 ? [] : await readXid(reader, note),
      };
    },
  );
  const [
    system,
    cpu,
    memory,
    { driver, gpus, xid },
    container,
    namespaces,
    cgroup,
    limits,
    engines,
    disk,
    shm,
  ] = await Promise.all([
    readSystem(reader, note),
    readCpu(reader, note),
    readMemory(reader, note),
    nvidia,
    readContainer(reader),
    readNamespaces(reader, note),
    readCgroup(reader),
    readLimits(reader, note),
    readEngines(reader),
    readDisk(reader, note, options.home ?? homeRoot(reader.identity.env)),
    readShm(reader, note),
  ]);
  return {
    system,
    cpu,
    memory,
    driver,
    gpus,
    container,
    namespaces,
    cgroup,
    limits,
    ...engines,
    disk,
    shm,
    xid,
    unknown,
    gatherMs: Math.round(performance.now() - started),
  };
}
