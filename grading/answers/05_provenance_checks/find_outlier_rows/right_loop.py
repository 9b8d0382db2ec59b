def find_outlier_rows(table, limit):
    norms = [float((row**2).sum()) ** 0.5 for row in table]
    median = float(np.median(norms))
    spread = 1.4826 * float(np.median([abs(norm - median) for norm in norms]))
    return [number for number, norm in enumerate(norms) if abs(norm - median) / spread > limit]
