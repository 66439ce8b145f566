import type { NextConfig } from 'next'

const here = import.meta.dirname

const config: NextConfig = {
  output: 'standalone',
  serverExternalPackages: ['quilltap-store'],
  // The repository above has a lock file too; without these two, Next takes it for the root.
  outputFileTracingRoot: here,
  turbopack: { root: here },
  outputFileTracingIncludes: { '/import': ['./scenes/*.txt'] },
  outputFileTracingExcludes: { '/*': ['./data/**', './mail/**'] },
  // A whole play in one upload.
  experimental: { serverActions: { bodySizeLimit: '9mb' } },
  poweredByHeader: false,
}

export default config
