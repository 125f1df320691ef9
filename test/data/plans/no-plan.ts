/** What a user may export who has not called `definePlan`. */
export const plan = { name: 'unchecked', entities: [], rules: [], schema: {} };
