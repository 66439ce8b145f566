import { PrismaClient } from 'quilltap-store/prisma'

export const prisma = new PrismaClient({ log: ['error'] })
