import { EXIT, RigError } from '../kernel/index.ts';

/** Where something was written. Line and column count from 1. */
export interface Place {
  line: number;
  column: number;
  /** Of its key, for what stands in a mapping. */
  key?: { line: number; column: number };
  /** A scalar as written, before variables were put in: the only text of it that a message may show. */
  source: string;
  interpolated: boolean;
}

/** One thing that is wrong with a file. */
export interface Finding {
  path: readonly (string | number)[];
  line: number;
  column: number;
  /** What is wrong, without position and path. */
  message: string;
}

/** `packages.python[0]` */
export function dotted(path: readonly (string | number)[]): string {
  return (
    path
      .map((part, index) => (typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`))
      .join('')
      // A key may hold anything; a message holds one line.
      .replaceAll(/[\p{Cc}\p{Cf}]/gu, '?')
      .slice(0, 120)
  );
}

/** `torchrig.yaml:7:3: memory: "32q" is not a size (try 32g)` */
export function findingLine(file: string, finding: Finding): string {
  const path = finding.path.length > 0 ? `${dotted(finding.path)}: ` : '';
  return `${file}:${finding.line}:${finding.column}: ${path}${finding.message}`;
}

/** All findings of a file as one error. */
export function invalidFile(file: string, findings: readonly Finding[]): RigError {
  const lines = findings.slice(0, 50).map((finding) => findingLine(file, finding));
  if (findings.length > 50) lines.push(`... and ${findings.length - 50} more`);
  return new RigError('RIG-SPEC-001', lines.join('\n'), {
    why: `${file} is not valid${findings.length > 1 ? ` (${findings.length} errors)` : ''}`,
    hint: `edit ${file}; rig init --preset v2.7 in an empty folder writes an example`,
    exitCode: EXIT.usage,
    details: {
      file,
      findings: findings.slice(0, 50).map(({ path, line, column, message }) => ({
        path: dotted(path),
        line,
        column,
        message,
      })),
    },
  });
}
