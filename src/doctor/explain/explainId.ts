import type { ErrorCode } from '../../kernel/index.ts';
import { FINDINGS, type FindingId } from '../findingCatalogue.ts';
import { RULES } from './catalogue.ts';
import { type ExplainOptions, type Explanation, explainOwnCode, explainSighting } from './explanation.ts';

function explainFinding(id: FindingId): Explanation {
  return {
    id,
    title: 'a finding of rig doctor',
    cause: FINDINGS[id],
    remedy: 'rig doctor prints it with the evidence and the remedy for this machine',
    confidence: 'high',
    source: [`docs/doctor.md#${id}`],
    seen: null,
  };
}

/** What is known of one of rig's codes (`RIG-LOCK-003`), of a known issue, or of a finding of doctor; else undefined. */
export function explainId(id: string, options: ExplainOptions = {}): Explanation | undefined {
  const code = id.toUpperCase() as ErrorCode;
  if (options.catalogue && Object.hasOwn(options.catalogue, code))
    return explainOwnCode({ code }, options.catalogue);
  const rule = RULES.find((each) => each.id === id.toLowerCase() || each.id === id);
  if (rule) return explainSighting({ rule }, options.host);
  return Object.hasOwn(FINDINGS, id) ? explainFinding(id as FindingId) : undefined;
}
