import { canonicalJson, sha256Hex } from '../kernel/index.ts';
import { localReader } from './localReader.ts';
import { nvidiaFunctions } from './readGpus.ts';
import { type HostReader, namesIn, textOf } from './reader.ts';

/**
 * 64 hex that change when the machine changes in a way that decides whether torch works: kernel, driver, GPUs, processor.
 * From files alone, so that it takes milliseconds where gathering all facts takes a tenth of a second.
 */
export async function hostFingerprint(reader: HostReader = localReader()): Promise<string> {
  const [kernel, driver, functions, cards, info, devices] = await Promise.all([
    textOf(reader, '/proc/sys/kernel/osrelease'),
    textOf(reader, '/sys/module/nvidia/version'),
    nvidiaFunctions(reader),
    namesIn(reader, '/proc/driver/nvidia/gpus'),
    textOf(reader, '/proc/cpuinfo'),
    namesIn(reader, '/dev'),
  ]);
  const details = await Promise.all(
    cards.map((bus) => textOf(reader, `/proc/driver/nvidia/gpus/${bus}/information`)),
  );
  return sha256Hex(
    canonicalJson({
      arch: reader.identity.arch,
      kernel,
      driver,
      functions,
      uuids: details.map((text) => /GPU UUID:\s*(\S+)/.exec(text ?? '')?.[1]),
      devices: devices.filter((name) => /^(nvidia|dxg$)/.test(name)),
      cpu: /^(?:model name|Model)\s*:\s*(.+)$/m.exec(info ?? '')?.[1],
      flags: /^(?:flags|Features)\s*:\s*(.*)$/m.exec(info ?? '')?.[1],
    }),
  );
}
