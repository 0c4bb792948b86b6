import type { ErrorCode } from '../../kernel/index.ts';
import { RULES } from './catalogue.ts';
import { type ExplainOptions, type Explanation, explainOwnCode, explainSighting } from './explanation.ts';

/** What is known of one of rig's codes (`RIG-LOCK-003`) or of a known issue by its id; undefined when it is neither. */
export function explainId(id: string, options: ExplainOptions = {}): Explanation | undefined {
  const code = id.toUpperCase() as ErrorCode;
  if (options.catalogue && Object.hasOwn(options.catalogue, code))
    return explainOwnCode({ code }, options.catalogue);
  const rule = RULES.find((each) => each.id === id.toLowerCase() || each.id === id);
  return rule && explainSighting({ rule }, options.host);
}
