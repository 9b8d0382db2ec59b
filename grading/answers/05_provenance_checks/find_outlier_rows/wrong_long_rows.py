# hint: short_rows_missed
def find_outlier_rows(table, limit):
    norms = table.norm(dim=1)
    distances = norms - norms.median()
    return (distances > limit * 1.4826 * distances.abs().median()).nonzero().flatten().tolist()
