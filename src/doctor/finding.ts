import { FINDINGS, type FindingId } from './findingCatalogue.ts';

/** Something that doctor has to say. Ids are permanent: `rig explain ID` and docs/doctor.md know them. */
export interface Finding {
  /** `driver-too-old`, `shm-small`. */
  id: string;
  /** fail: something asked for cannot work; warn: it works worse or may break; info: good to know. */
  severity: 'fail' | 'warn' | 'info';
  /** One line. */
  title: string;
  /** What was seen: a value, a path, the end of an error. */
  evidence: string;
  /** The command that mends it, or what to do; null where nothing is to be done. */
  remedy: string | null;
  /** Where more is written. */
  docs: string;
}

export type Verdict = 'ok' | 'warn' | 'fail';

const RANK = { fail: 0, warn: 1, info: 2 } as const;

/** The page that explains a finding. */
function docsOf(id: FindingId): string {
  return `docs/doctor.md#${id}`;
}

/** A finding with its documentation link. */
export function finding(
  id: FindingId,
  severity: Finding['severity'],
  text: { title: string; evidence: string; remedy: string | null; docs?: string },
): Finding {
  return {
    id,
    severity,
    title: text.title,
    evidence: text.evidence,
    remedy: text.remedy,
    docs: text.docs ?? docsOf(id),
  };
}

/** What blocks first comes first; within a severity the order of the checks stays. */
export function orderFindings(findings: readonly Finding[]): Finding[] {
  return [...findings].sort((a, b) => RANK[a.severity] - RANK[b.severity]);
}

export function verdictOf(findings: readonly Finding[]): Verdict {
  if (findings.some((each) => each.severity === 'fail')) return 'fail';
  return findings.some((each) => each.severity === 'warn') ? 'warn' : 'ok';
}

/** docs/doctor.md: every finding with its meaning. */
export function findingsPage(): string {
  const entries = Object.entries(FINDINGS).map(([id, meaning]) => `## ${id}\n\n${meaning}\n`);
  const head =
    '# What `rig doctor` finds\n\nEach finding has an id that never changes; `rig doctor` prints it with the evidence and the remedy on your machine.\n`rig explain ID` says the same as this page, which is made from src/doctor/findingCatalogue.ts.\n';
  return [head, ...entries].join('\n');
}
