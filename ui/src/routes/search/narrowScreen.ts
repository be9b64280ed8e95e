/** Whether what comes before the results is folded, until one wants it. Asked once, when it appears. */
export const narrowScreen = () => matchMedia('(max-width: 900px)').matches;
