import { resolve } from 'node:path';
import { validateImage } from '../../image/index.ts';
import { EXIT, formatBytes } from '../../kernel/index.ts';
import type { Handler } from '../outcome.ts';

export const handler: Handler<object, [path: string]> = async (call, _flags, given) => {
  const path = resolve(call.cwd, given.startsWith('oci:') ? given.slice(4) : given);
  const report = await validateImage(path, { progress: call.progress });
  const lines = [
    ...report.findings.map(({ where, message }) => `${call.colors.red('✗')} ${where}: ${message}`),
    ...report.images.map(
      ({ digest, platform, layers, files, size }) =>
        `${digest}  ${platform}, ${layers} layers, ${files} files, ${formatBytes(size)}`,
    ),
    report.ok ? call.colors.green('sound') : call.colors.red('not sound'),
  ];
  return { data: report, text: lines.join('\n'), exitCode: report.ok ? EXIT.ok : EXIT.failed };
};
