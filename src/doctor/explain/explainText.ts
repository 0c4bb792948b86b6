import {
  type ExplainOptions,
  type Explanation,
  explainOwnCode,
  explainSighting,
  orderExplanations,
} from './explanation.ts';
import { Matcher } from './matcher.ts';

function conclude(matcher: Matcher, options: ExplainOptions): Explanation[] {
  const { sightings, codes } = matcher.finish();
  return orderExplanations([
    ...codes.map((code) => explainOwnCode(code, options.catalogue ?? {})),
    ...sightings.map((sighting) => explainSighting(sighting, options.host)),
  ]);
}

/** Known problems in a traceback or log; empty when nothing is recognised. */
export function explainText(text: string, options: ExplainOptions = {}): Explanation[] {
  const matcher = new Matcher(options.catalogue);
  matcher.feed(text);
  return conclude(matcher, options);
}

/** The same for a stream (a file, a pipe): bounded memory whatever its length. */
export async function explainStream(
  chunks: AsyncIterable<string | Uint8Array>,
  options: ExplainOptions = {},
): Promise<Explanation[]> {
  const matcher = new Matcher(options.catalogue);
  const decoder = new TextDecoder();
  for await (const chunk of chunks) {
    matcher.feed(typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true }));
  }
  matcher.feed(decoder.decode());
  return conclude(matcher, options);
}
