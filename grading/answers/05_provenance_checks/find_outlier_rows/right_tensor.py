def find_outlier_rows(table, limit):
    norms = table.pow(2).sum(dim=1).sqrt()
    distances = norms - norms.quantile(0.5)
    return (distances.abs() / (1.4826 * distances.abs().quantile(0.5)) > limit).nonzero().flatten()
