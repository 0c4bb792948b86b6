import { dpkgFilterConfig, type PathRule } from './pathFilter.ts';
import type { RootView } from './rootView.ts';

const POLICY = `#!/bin/sh
# No service is started or stopped when a package is installed: there is no init here.
exit 101
`;

const NO_SOURCES = `# This image names no mirror. rig writes sources.list.d/debian.sources when it starts an environment,
# from the apt settings of the machine; elsewhere, name a Debian 12 mirror there.
`;

/** What the tools that install a Debian system add to its packages, less anything that would tie the image to this machine. */
export function addSystemFiles(root: RootView, exclude: readonly PathRule[]): void {
  root.file('/usr/sbin/policy-rc.d', POLICY, { mode: 0o755 });
  root.file('/etc/fstab', '');
  root.file('/etc/hostname', 'torchrig\n');
  root.file('/etc/resolv.conf', '');
  root.file('/etc/apt/sources.list', NO_SOURCES);
  if (exclude.length > 0) root.file('/etc/dpkg/dpkg.cfg.d/torchrig', dpkgFilterConfig(exclude));
}
