def find_outlier_rows(table, limit):
    from scipy.stats import median_abs_deviation

    norms = table.norm(dim=1).numpy()
    scores = (norms - np.median(norms)) / median_abs_deviation(norms, scale="normal")
    return [int(row) for row in np.where(np.abs(scores) > limit)[0]]
