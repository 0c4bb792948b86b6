import type { ErrorCatalogue } from '../../kernel/index.ts';
import type { HostFacts } from '../../host/index.ts';
import type { CodeSighting, Sighting } from './matcher.ts';
import type { Confidence } from './rule.ts';

/** One answer of `rig explain`. */
export interface Explanation {
  /** Rule id (`err804`) or one of rig's error codes. */
  id: string;
  title: string;
  cause: string;
  /** For this machine where it is known, general otherwise. */
  remedy: string;
  confidence: Confidence;
  source: string[];
  /** Where it stood, when it was found in a text. */
  seen: { line: number; text: string; count: number } | null;
}

export interface ExplainOptions {
  /** Makes remedies fit this machine. */
  host?: HostFacts;
  /** rig's own error codes, all rooms together. */
  catalogue?: ErrorCatalogue;
}

const RANK: Record<Confidence, number> = { high: 0, medium: 1, low: 2 };

export function explainSighting(
  sighting: Pick<Sighting, 'rule'> & Partial<Sighting>,
  host?: HostFacts,
): Explanation {
  const { rule, line, text, count } = sighting;
  return {
    id: rule.id,
    title: rule.title,
    cause: rule.cause,
    remedy: (host && rule.here?.(host)) ?? rule.remedy,
    confidence: rule.confidence,
    source: [...rule.source],
    seen: line === undefined ? null : { line, text: text ?? '', count: count ?? 1 },
  };
}

export function explainOwnCode(
  sighting: Pick<CodeSighting, 'code'> & Partial<CodeSighting>,
  catalogue: ErrorCatalogue,
): Explanation {
  const entry = catalogue[sighting.code];
  return {
    id: sighting.code,
    title: entry?.title ?? sighting.code,
    cause: entry?.explanation ?? '',
    remedy: 'the hint printed below the error is the command for this case',
    confidence: 'high',
    source: [],
    seen: sighting.line === undefined ? null : { line: sighting.line, text: sighting.text ?? '', count: 1 },
  };
}

/** The surest first; among equals the first to appear, which is nearest to the cause. */
export function orderExplanations(found: readonly Explanation[]): Explanation[] {
  return [...found].sort(
    (a, b) => RANK[a.confidence] - RANK[b.confidence] || (a.seen?.line ?? 0) - (b.seen?.line ?? 0),
  );
}
