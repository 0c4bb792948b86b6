import type { Handler } from '../outcome.ts';
import { packageVersion } from '../packageRoot.ts';

export const handler: Handler<object, []> = async () => {
  const version = packageVersion();
  return {
    data: { version, node: process.versions.node, platform: `${process.platform}/${process.arch}` },
    text: version,
  };
};
