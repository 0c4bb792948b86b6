import type { Rule } from '../rule.ts';

/** Package sources, hubs, certificates. */
export const NETWORK_RULES: readonly Rule[] = [
  {
    id: 'tls_certificate',
    title: 'a certificate is not trusted',
    signs: [
      { has: 'CERTIFICATE_VERIFY_FAILED' },
      { has: 'unable to get local issuer certificate' },
      { has: 'self-signed certificate in certificate chain' },
    ],
    cause:
      'A proxy that opens TLS, or a private server, uses a certificate authority that this machine does not know.',
    remedy:
      'set SSL_CERT_FILE to a file with that authority (pip: `pip config set global.cert FILE`); rig honours both',
    source: ['https://pip.pypa.io/en/stable/topics/https-certificates/'],
    confidence: 'high',
    hits: [
      'SSLError(SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed',
    ],
    misses: ['certificate verified'],
  },
  {
    id: 'no_network',
    title: 'a server cannot be reached',
    signs: [
      { has: 'Temporary failure in name resolution' },
      { has: 'Name or service not known' },
      { has: 'Failed to establish a new connection' },
      { has: 'getaddrinfo EAI_AGAIN' },
      { has: 'getaddrinfo ENOTFOUND' },
    ],
    cause: 'No network, no name server, or a proxy that is not set.',
    remedy:
      'set HTTPS_PROXY and NO_PROXY where a proxy is needed; pip config list shows which index is asked; everything stored works offline',
    source: ['https://pip.pypa.io/en/stable/user_guide/#using-a-proxy-server'],
    confidence: 'high',
    hits: [
      'urllib3.exceptions.NameResolutionError: Failed to resolve (Temporary failure in name resolution)',
    ],
    misses: ['name resolution took 3 ms'],
  },
  {
    id: 'hub_offline',
    title: 'a model or data set is not in the local cache, and the hub cannot be asked',
    signs: [
      { has: "couldn't connect to", like: /load (this file|the files)/ },
      { has: 'LocalEntryNotFoundError' },
      { has: 'OfflineModeIsEnabled' },
    ],
    cause: 'No network, HF_HUB_OFFLINE is set, or the hub is blocked.',
    remedy:
      'fetch it where there is a network and copy the cache (HF_HOME), or give a local folder instead of a name; HF_ENDPOINT names a mirror',
    source: ['https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables'],
    confidence: 'medium',
    hits: [
      "OSError: We couldn't connect to the hub to load the files, and couldn't find them in the cached files.",
    ],
    misses: ["couldn't connect to the database"],
  },
  {
    id: 'hub_gated',
    title: 'the hub refuses access to a model',
    signs: [
      { has: 'GatedRepoError' },
      { has: 'Cannot access gated repo' },
      { has: 'RepositoryNotFoundError' },
    ],
    cause: 'The name is wrong, or the model wants an accepted licence and a token.',
    remedy:
      'accept the licence on the model’s page, then huggingface-cli login, or HF_TOKEN in the environment (env: in torchrig.yaml)',
    source: ['https://huggingface.co/docs/hub/models-gated'],
    confidence: 'high',
    hits: ['huggingface_hub.errors.GatedRepoError: 401 Client Error. Cannot access gated repo for url'],
    misses: ['git: repository not found locally'],
  },
  {
    id: 'externally_managed',
    title: 'pip may not change the system’s Python',
    signs: [{ has: 'externally-managed-environment' }],
    cause: 'The distribution keeps its own Python for itself (PEP 668).',
    remedy: 'rig shell, and install there; or a virtual environment: python3 -m venv .venv',
    source: ['https://peps.python.org/pep-0668/'],
    confidence: 'high',
    hits: ['error: externally-managed-environment'],
    misses: ['managed environment ready'],
  },
  {
    id: 'no_matching_distribution',
    title: 'no package fits',
    signs: [
      { has: 'No matching distribution found for' },
      { has: 'Could not find a version that satisfies the requirement' },
      { has: 'No solution found when resolving dependencies' },
    ],
    cause: 'The name or version does not exist, or there is no wheel for this Python, platform or glibc.',
    remedy: 'rig compat shows which Python and platform a torch release has wheels for; check the name',
    source: ['https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/'],
    confidence: 'medium',
    yieldsTo: ['glibc'],
    hits: ['ERROR: No matching distribution found for torch==2.7.1'],
    misses: ['found matching distribution torch 2.7.1'],
  },
];
