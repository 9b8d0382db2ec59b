def find_outlier_rows(table, limit):
    norms = np.linalg.norm(table.numpy(), axis=1)
    median = np.median(norms)
    mad = np.median(np.abs(norms - median))
    return np.flatnonzero(np.abs(norms - median) > limit * 1.4826 * mad).tolist()
