import { isRigError, messageOf } from '../kernel/index.ts';
import type { HomeLayout } from '../kernel/index.ts';
import { pythonIndex, pythonSources } from '../sources/index.ts';
import { createHttp } from '../store/index.ts';
import { type Finding, finding } from './finding.ts';

/** Every index has it, and its page is small. */
const KNOWN_PROJECT = 'pip';
const LIMIT = 4000;

function unreachable(evidence: string, hint: string | undefined): Finding {
  return finding('source-unreachable', 'warn', {
    title: 'the Python package source does not answer: only what is stored can be used',
    evidence,
    remedy: hint ?? 'check network and proxy (HTTPS_PROXY); pip config list shows which index is asked',
  });
}

/**
 * Asks the package source of this machine for one page. A machine without network may still work with what is stored,
 * so it is a warning. Takes at most about four seconds.
 */
export async function sourceFindings(
  env: NodeJS.ProcessEnv = process.env,
  home?: HomeLayout,
): Promise<Finding[]> {
  const http = createHttp({ env, retries: 0, timeouts: { connect: 2000, headers: LIMIT, idle: LIMIT } });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Finding[]>((done) => {
    timer = setTimeout(() => done([unreachable(`no answer within ${LIMIT / 1000} s`, undefined)]), LIMIT);
  });
  const ask = async (): Promise<Finding[]> => {
    try {
      const sources = await pythonSources(env, home);
      const files = await pythonIndex(sources, http).files(KNOWN_PROJECT);
      return files.length > 0 ? [] : [unreachable(`it lists no file of ${KNOWN_PROJECT}`, undefined)];
    } catch (error) {
      const why = isRigError(error) && error.why ? `: ${error.why}` : '';
      return [unreachable(`${messageOf(error)}${why}`, isRigError(error) ? error.hint : undefined)];
    }
  };
  try {
    return await Promise.race([ask(), late]);
  } finally {
    clearTimeout(timer);
    await http.close();
  }
}
