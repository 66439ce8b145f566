import type { NextConfig } from 'next'

const config: NextConfig = { serverExternalPackages: ['quilltap-store'] }

export default config
