import { outdatedReport } from '../flows/outdated.ts';
import type { Handler } from '../outcome.ts';
import { outdatedText } from '../render/outdatedText.ts';

export const handler: Handler<object, [name?: string]> = async (call, _flags, name) => {
  const report = await outdatedReport(call, name);
  return { data: report, text: outdatedText(report, call) };
};
