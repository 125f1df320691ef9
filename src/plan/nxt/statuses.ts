/** The statuses that are known; others move as they are, with a warning. */
export const stockStatuses = ['in_stock', 'low_stock', 'out_of_stock'] as const;
export const priceListStatuses = ['draft', 'active', 'expired', 'archived'] as const;
