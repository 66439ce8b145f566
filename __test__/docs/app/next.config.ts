import path from 'node:path'
import type { NextConfig } from 'next'
import readme from './readme/next.config'

// Next itself is installed with the repository's other development dependencies.
const root = path.resolve(import.meta.dirname, '../..')

const nextConfig: NextConfig = {
  ...readme,
  output: 'standalone',
  cacheComponents: true,
  partialPrefetching: true,
  outputFileTracingRoot: root,
  turbopack: { root },
  // The test compiles everything before it builds.
  typescript: { ignoreBuildErrors: true },
}

export default nextConfig
